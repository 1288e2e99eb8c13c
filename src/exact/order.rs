//! In which order to eliminate the sites of a part, and how wide the tables get.

use super::part::Part;
use std::collections::BTreeSet;

/// Scopes wider than this are not looked into: nothing could hold their tables.
const WIDEST: usize = 60;

/// Looks at neighbours that a better rule may take before the quick one has to do: so many, and more for every site where
/// the quick one has shown that the graph is narrow.
const MOST_WORK: usize = 20_000_000;
const MOST_WORK_A_SITE: usize = 2_000;

/// Lists of neighbours that are longer than a scope by this factor are searched, and changed in place.
const LONG: usize = 4;

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
        let most_work = MOST_WORK + best.as_ref().map_or(0, |_| MOST_WORK_A_SITE * part.len());
        for rule in [Rule::Given(places), Rule::Fill] {
            let most_entries = best.as_ref().map_or(f64::INFINITY, Self::entries);
            if let Ok(other) = Game::new(graph.clone(), rule).play(most_work, most_entries) {
                best = Ok(other);
            }
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
        Game::new(neighbours(part), Rule::Degree).play(usize::MAX, f64::INFINITY)
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
    /// Neighbours, ascending; some of them may be gone.
    graph: Vec<Vec<u32>>,
    /// How many of them are not.
    degrees: Vec<usize>,
    gone: Vec<bool>,
    scores: Vec<usize>,
    queue: BTreeSet<(usize, u32)>,
    work: usize,
}

impl Game {
    fn new(graph: Vec<Vec<u32>>, rule: Rule) -> Self {
        let mut game = Self {
            rule,
            degrees: graph.iter().map(Vec::len).collect(),
            gone: vec![false; graph.len()],
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

    /// The order, if it can be found with so much work and its tables have fewer entries than so many.
    fn play(mut self, most_work: usize, most_entries: f64) -> Result<Order, TooWide> {
        let mut entries = 0.0;
        let mut order = Order {
            sequence: Vec::with_capacity(self.graph.len()),
            scopes: Vec::with_capacity(self.graph.len()),
        };
        while let Some((_, site)) = self.queue.pop_first() {
            let degree = self.degrees[site as usize];
            entries += 2f64.powi(degree as i32);
            if degree > WIDEST || self.work > most_work || entries >= most_entries {
                return Err(TooWide(WIDEST));
            }
            let mut scope = std::mem::take(&mut self.graph[site as usize]);
            scope.retain(|&a| !self.gone[a as usize]);
            self.gone[site as usize] = true;
            let mut joined = Vec::new();
            for &a in &scope {
                self.join(a, &scope, &mut joined);
            }
            for a in self.touched(&scope, &joined) {
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

    /// Makes all of `scope` neighbours of `a`, which has just lost one; notes those that had not been, as (a, b), a < b.
    fn join(&mut self, a: u32, scope: &[u32], joined: &mut Vec<(u32, u32)>) {
        let own = &mut self.graph[a as usize];
        let before = joined.len();
        let missing: Vec<u32> = missing_from(own, scope).filter(|&b| b != a).collect();
        joined.extend(missing.iter().filter(|&&b| b > a).map(|&b| (a, b)));
        let degree = &mut self.degrees[a as usize];
        *degree = *degree + missing.len() - 1;
        self.work += scope.len() + joined.len() - before;
        if own.len() > LONG * scope.len().max(missing.len()) && own.len() <= 2 * *degree {
            for b in missing {
                let at = own.partition_point(|&x| x < b);
                own.insert(at, b);
            }
            return;
        }
        self.work += own.len();
        let mut missing = missing.into_iter().peekable();
        let mut joined = Vec::with_capacity(*degree);
        for &b in own.iter().filter(|&&b| !self.gone[b as usize]) {
            while let Some(other) = missing.next_if(|&other| other < b) {
                joined.push(other);
            }
            joined.push(b);
        }
        joined.extend(missing);
        *own = joined;
    }

    /// Sites whose score may have changed: the scope of what was taken out and, for the fill, those that have both of two
    /// new neighbours as theirs.
    fn touched(&mut self, scope: &[u32], joined: &[(u32, u32)]) -> Vec<u32> {
        let mut touched = scope.to_vec();
        if self.rule != Rule::Fill {
            return touched;
        }
        for &(a, b) in joined {
            let (a, b) = (&self.graph[a as usize], &self.graph[b as usize]);
            let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
            let both = short.iter().filter(|site| long.binary_search(site).is_ok());
            touched.extend(both.filter(|&&site| !self.gone[site as usize]));
            self.work += short.len();
        }
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    fn score(&mut self, site: u32) -> usize {
        let degree = self.degrees[site as usize];
        match &self.rule {
            Rule::Degree => return degree,
            Rule::Given(places) => return places[site as usize],
            Rule::Fill => {}
        }
        if degree > WIDEST {
            return degree * degree;
        }
        let mut scope = self.graph[site as usize].clone();
        scope.retain(|&a| !self.gone[a as usize]);
        let known: usize = scope
            .iter()
            .map(|&a| common(&scope, &self.graph[a as usize]))
            .sum();
        self.work += degree * degree;
        (degree * (degree - degree.min(1)) - known) / 2
    }
}

/// Those of a short ascending list that a long one lacks.
fn missing_from<'a>(long: &'a [u32], short: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let mut rest = long;
    let is_long = long.len() > LONG * short.len();
    short.iter().copied().filter(move |x| {
        let before = if is_long {
            rest.partition_point(|y| y < x)
        } else {
            rest.iter().take_while(|y| *y < x).count()
        };
        rest = &rest[before..];
        rest.first() != Some(x)
    })
}

/// How many sites stand in both of two ascending lists.
fn common(short: &[u32], long: &[u32]) -> usize {
    short.len() - missing_from(long, short).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The game with neighbours in sets and every score counted afresh at every step.
    fn by_the_book(graph: &[Vec<u32>], rule: &Rule) -> Order {
        let mut sets: Vec<BTreeSet<u32>> = graph.iter().map(|row| row.iter().copied().collect()).collect();
        let mut left: BTreeSet<u32> = (0..graph.len() as u32).collect();
        let (mut sequence, mut scopes) = (Vec::new(), Vec::new());
        let score = |sets: &[BTreeSet<u32>], site: u32| {
            let own = &sets[site as usize];
            let apart = |&a: &u32| {
                own.iter()
                    .filter(|&&b| b > a && !sets[a as usize].contains(&b))
                    .count()
            };
            match rule {
                Rule::Degree => own.len(),
                Rule::Fill => own.iter().map(apart).sum(),
                Rule::Given(places) => places[site as usize],
            }
        };
        while let Some(site) = left
            .iter()
            .copied()
            .min_by_key(|&site| (score(&sets, site), site))
        {
            left.remove(&site);
            let scope = std::mem::take(&mut sets[site as usize]);
            for &a in &scope {
                sets[a as usize].extend(&scope);
                sets[a as usize].remove(&site);
                sets[a as usize].remove(&a);
            }
            sequence.push(site);
            scopes.push(scope.into_iter().collect());
        }
        Order { sequence, scopes }
    }

    proptest! {
        #[test]
        fn orders_are_by_the_book(
            pairs in prop::collection::btree_set((0..30u32, 0..30u32), 0..70), spokes in 0..30u32
        ) {
            let mut graph = vec![BTreeSet::new(); 30];
            for (a, b) in pairs.into_iter().chain((0..spokes).map(|a| (29, a))).filter(|(a, b)| a != b) {
                graph[a as usize].insert(b);
                graph[b as usize].insert(a);
            }
            let graph: Vec<Vec<u32>> = graph.into_iter().map(|row| row.into_iter().collect()).collect();
            let places = sweep(&graph);
            for rule in [Rule::Degree, Rule::Fill, Rule::Given(places)] {
                let expected = by_the_book(&graph, &rule);
                let found = Game::new(graph.clone(), rule).play(usize::MAX, f64::INFINITY);
                prop_assert_eq!(found, Ok(expected));
            }
        }
    }
}
