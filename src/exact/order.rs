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
    /// The best of three orders by the number of entries of all tables: that of least degree, that of least fill, and a
    /// sweep along the graph, which suits lattices.
    ///
    /// # Errors
    /// A table of more than 60 sites in each of them.
    pub fn find(part: &Part) -> Result<Self, TooWide> {
        let mut best = Self::quick(part);
        if best.as_ref().is_ok_and(|order| order.width() <= 1) || crowded(part) {
            return best; // a forest cannot be done better, and nothing else can where all are crowded
        }
        let graph = neighbours(part);
        let places = sweep(&graph);
        for rule in [Rule::Given(places), Rule::Fill] {
            let other = Game::new(graph.clone(), rule).play(MOST_WORK);
            best = match (best, other) {
                (Ok(a), Ok(b)) => Ok(if b.entries() < a.entries() { b } else { a }),
                (Err(_), Ok(order)) | (Ok(order), Err(_)) => Ok(order),
                (Err(wide), Err(_)) => Err(wide),
            };
        }
        best
    }

    /// The order of least degree alone, which is found in a fraction of the time.
    ///
    /// # Errors
    /// A table of more than 60 sites.
    pub fn quick(part: &Part) -> Result<Self, TooWide> {
        if crowded(part) {
            return Err(TooWide(WIDEST));
        }
        Game::new(neighbours(part), Rule::Degree).play(usize::MAX)
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

fn neighbours(part: &Part) -> Vec<Vec<u32>> {
    let row = |i| part.row(i).iter().map(|&(j, _)| j).collect();
    (0..part.len()).map(row).collect()
}

/// True where every site has so many neighbours that no order can be narrow.
fn crowded(part: &Part) -> bool {
    (0..part.len()).map(|i| part.row(i).len()).min() > Some(WIDEST)
}

/// The place of every site in a breadth-first walk from an end of the graph, neighbours of few neighbours first
/// (Cuthill and `McKee`, Proc. 24th Nat. Conf. ACM (1969) 157).
fn sweep(graph: &[Vec<u32>]) -> Vec<usize> {
    let degree = |site: u32| graph[site as usize].len();
    let walk = |start: u32, seen: &mut [bool]| {
        let mut sites = vec![start];
        seen[start as usize] = true;
        let mut at = 0;
        while let Some(&site) = sites.get(at) {
            let mut next = graph[site as usize].clone();
            next.retain(|&other| !std::mem::replace(&mut seen[other as usize], true));
            next.sort_by_key(|&other| degree(other));
            sites.append(&mut next);
            at += 1;
        }
        sites
    };
    let mut starts: Vec<u32> = (0..graph.len() as u32).collect();
    starts.sort_by_key(|&site| degree(site));
    let (mut seen, mut placed) = (vec![false; graph.len()], vec![false; graph.len()]);
    let mut places = vec![0; graph.len()];
    let mut count = 0;
    for start in starts {
        if placed[start as usize] {
            continue;
        }
        let far = walk(start, &mut seen).pop().unwrap_or(start);
        for site in walk(far, &mut placed) {
            places[site as usize] = count;
            count += 1;
        }
    }
    places
}

/// What makes a site the next.
#[derive(PartialEq)]
enum Rule {
    /// Fewest neighbours.
    Degree,
    /// Fewest pairs of neighbours that are not neighbours of each other.
    Fill,
    /// The place in an order that is given.
    Given(Vec<usize>),
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
        match &self.rule {
            Rule::Degree => return degree,
            Rule::Given(places) => return places[site as usize],
            Rule::Fill => {}
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
