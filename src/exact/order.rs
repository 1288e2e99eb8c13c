//! In which order to eliminate the sites of a part, and how wide the tables get.

use super::part::Part;
use std::collections::BTreeSet;

/// Scopes wider than this are not looked into: nothing could hold their tables.
const WIDEST: usize = 60;

/// Looks at neighbours that the better rule may take before the quick one has to do.
const MOST_WORK: usize = 20_000_000;

/// An order of elimination.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Sites in the order in which they are eliminated.
    pub sequence: Vec<u32>,
    /// Of each, in that order, the sites that its table is a function of; all of them come later.
    pub scopes: Vec<Vec<u32>>,
}

/// Every order that was tried needs a table of more than so many sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooWide(pub usize);

impl Order {
    /// The better of a min-fill and a min-degree order, by the number of entries of all tables.
    ///
    /// # Errors
    /// A table of more than 60 sites.
    pub fn find(part: &Part) -> Result<Self, TooWide> {
        let least = (0..part.len()).map(|i| part.row(i).len()).min();
        if least > Some(WIDEST) {
            return Err(TooWide(WIDEST));
        }
        let graph: Vec<Vec<u32>> = (0..part.len())
            .map(|i| part.row(i).iter().map(|&(j, _)| j).collect())
            .collect();
        let quick = Game::new(graph.clone(), Rule::Degree).play(usize::MAX);
        let careful = match &quick {
            // A forest, or the trees on a graph, cannot be done better.
            Ok(order) if order.width() <= 1 => return quick,
            _ => Game::new(graph, Rule::Fill).play(MOST_WORK),
        };
        match (quick, careful) {
            (Ok(a), Ok(b)) => Ok(if b.entries() <= a.entries() { b } else { a }),
            (Err(_), Ok(order)) | (Ok(order), Err(_)) => Ok(order),
            (Err(wide), Err(_)) => Err(wide),
        }
    }

    /// Sites of the widest table.
    #[must_use]
    pub fn width(&self) -> usize {
        self.scopes.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Entries of all tables together.
    #[must_use]
    pub fn entries(&self) -> f64 {
        self.scopes
            .iter()
            .map(|scope| 2f64.powi(scope.len() as i32))
            .sum()
    }
}

/// What makes a site the next.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// Fewest neighbours.
    Degree,
    /// Fewest pairs of neighbours that are not neighbours of each other.
    Fill,
}

/// The elimination game: a site is taken out, and its neighbours all become neighbours of each other.
struct Game {
    rule: Rule,
    /// Neighbours, ascending.
    graph: Vec<Vec<u32>>,
    scores: Vec<usize>,
    queue: BTreeSet<(usize, u32)>,
    work: usize,
}

impl Game {
    fn new(graph: Vec<Vec<u32>>, rule: Rule) -> Self {
        let mut game = Self {
            rule,
            scores: vec![0; graph.len()],
            queue: BTreeSet::new(),
            work: 0,
            graph,
        };
        for site in 0..game.graph.len() as u32 {
            let score = game.score(site);
            game.scores[site as usize] = score;
            game.queue.insert((score, site));
        }
        game
    }

    fn play(mut self, most_work: usize) -> Result<Order, TooWide> {
        let mut order = Order {
            sequence: Vec::with_capacity(self.graph.len()),
            scopes: Vec::with_capacity(self.graph.len()),
        };
        while let Some((_, site)) = self.queue.pop_first() {
            let scope = std::mem::take(&mut self.graph[site as usize]);
            if scope.len() > WIDEST || self.work > most_work {
                return Err(TooWide(WIDEST));
            }
            for &a in &scope {
                self.join(a, site, &scope);
            }
            for a in self.touched(&scope) {
                let score = self.score(a);
                let old = std::mem::replace(&mut self.scores[a as usize], score);
                if old != score {
                    self.queue.remove(&(old, a));
                    self.queue.insert((score, a));
                }
            }
            order.sequence.push(site);
            order.scopes.push(scope);
        }
        Ok(order)
    }

    /// Makes all of `scope` neighbours of `a`, in place of the site `gone`.
    fn join(&mut self, a: u32, gone: u32, scope: &[u32]) {
        let own = &self.graph[a as usize];
        let mut joined = Vec::with_capacity(own.len() + scope.len());
        let (mut i, mut j) = (0, 0);
        while i < own.len() || j < scope.len() {
            let (x, y) = (own.get(i), scope.get(j));
            let next = *x.min(y.or(x)).or(y).unwrap_or(&gone);
            i += usize::from(x == Some(&next));
            j += usize::from(y == Some(&next));
            if next != a && next != gone {
                joined.push(next);
            }
        }
        self.work += joined.len();
        self.graph[a as usize] = joined;
    }

    /// Sites whose score may have changed: the scope of what was taken out and, for the fill, its neighbours.
    fn touched(&self, scope: &[u32]) -> Vec<u32> {
        let mut touched = scope.to_vec();
        if self.rule == Rule::Fill {
            touched.extend(scope.iter().flat_map(|&a| &self.graph[a as usize]));
            touched.sort_unstable();
            touched.dedup();
        }
        touched
    }

    fn score(&mut self, site: u32) -> usize {
        let scope = &self.graph[site as usize];
        let degree = scope.len();
        if self.rule == Rule::Degree {
            return degree;
        }
        if degree > WIDEST {
            return degree * degree;
        }
        let known: usize = scope
            .iter()
            .map(|&a| common(scope, &self.graph[a as usize]))
            .sum();
        self.work += degree * degree;
        (degree * (degree - degree.min(1)) - known) / 2
    }
}

/// How many sites stand in both of two ascending lists.
fn common(short: &[u32], long: &[u32]) -> usize {
    let mut rest = long;
    let mut count = 0;
    for x in short {
        let at = rest.partition_point(|y| y < x);
        rest = &rest[at..];
        count += usize::from(rest.first() == Some(x));
    }
    count
}
