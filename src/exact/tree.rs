//! The tree of tables that an order of elimination makes of a part.

use super::algebra::Algebra;
use super::order::Order;
use super::part::Part;

/// Bits of an index that are filled in one go; such a piece of a table stays in the first cache.
const PIECE_BITS: usize = 10;

/// The table of one site: a function of the spins of its scope, after the site itself has been summed over.
///
/// Bit k of an index is set where the spin of `scope[k]` is +1.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// The site, as the part numbers it.
    pub site: usize,
    /// Positions in the order of the sites that the table is a function of, ascending: the first is its parent.
    pub scope: Vec<u32>,
    field: f64,
    /// Couplings of the site to those of its scope; 0 where there is none.
    pub couplings: Vec<f64>,
    /// Positions of those that have this one as their parent, ascending.
    pub children: Vec<u32>,
}

impl Bucket {
    /// Entries of the table.
    pub fn len(&self) -> usize {
        1 << self.scope.len()
    }

    fn piece_bits(&self) -> usize {
        self.scope.len().min(PIECE_BITS)
    }

    /// Entries of one piece.
    pub fn piece(&self) -> usize {
        1 << self.piece_bits()
    }

    /// How many pieces the table is filled in.
    pub fn pieces(&self) -> usize {
        self.len() / self.piece()
    }

    /// The field of the site for every index of a piece.
    fn fields(&self, piece: usize, fields: &mut Vec<f64>) {
        let bits = self.piece_bits();
        let high = self.couplings[bits..].iter().enumerate();
        let outer: f64 = high.map(|(k, w)| if piece >> k & 1 == 1 { *w } else { -w }).sum();
        let inner: f64 = self.couplings[..bits].iter().sum();
        fields.clear();
        fields.push(self.field + outer - inner);
        for &w in &self.couplings[..bits] {
            for l in 0..fields.len() {
                fields.push(fields[l] + 2.0 * w);
            }
        }
    }
}

/// Where the entries of a child's table lie, seen from its parent's.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub child: usize,
    /// For every index within a piece of the parent, the part of the child's index that follows from it. (A small number:
    /// both scopes ascend, so that a bit of the child's is at most one place above that of the parent's.)
    inner: Vec<u32>,
    /// For every higher bit of the parent's index, the bit of the child's, 0 where there is none.
    outer: Vec<usize>,
}

impl Link {
    /// Indices into the child's table for the entries of a piece; the parent's own spin is bit 0.
    pub fn indices(&self, piece: usize) -> impl Iterator<Item = usize> + '_ {
        let outer = self.outer.iter().enumerate();
        let base: usize = outer
            .map(|(k, bit)| if piece >> k & 1 == 1 { *bit } else { 0 })
            .sum();
        self.inner.iter().map(move |&l| base + l as usize)
    }
}

/// Buckets in the order of elimination.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(super) buckets: Vec<Bucket>,
}

impl Tree {
    /// The tree of a part and an order of its sites.
    #[must_use]
    pub fn new(part: &Part, order: &Order) -> Self {
        let mut positions = vec![0; part.len()];
        for (position, &site) in order.sequence.iter().enumerate() {
            positions[site as usize] = position as u32;
        }
        let mut buckets: Vec<Bucket> = Vec::with_capacity(part.len());
        for (position, (&site, scope)) in order.sequence.iter().zip(&order.scopes).enumerate() {
            let mut scope: Vec<u32> = scope.iter().map(|&s| positions[s as usize]).collect();
            scope.sort_unstable();
            let mut couplings = vec![0.0; scope.len()];
            for &(j, w) in part.row(site as usize) {
                if let Ok(place) = scope.binary_search(&positions[j as usize]) {
                    couplings[place] = w;
                }
            }
            debug_assert!(scope.first().is_none_or(|&p| p as usize > position));
            buckets.push(Bucket {
                site: site as usize,
                scope,
                field: part.fields[site as usize],
                couplings,
                children: Vec::new(),
            });
        }
        for child in 0..buckets.len() {
            if let Some(&parent) = buckets[child].scope.first() {
                buckets[parent as usize].children.push(child as u32);
            }
        }
        Self { buckets }
    }

    /// Takes the fields of `part`, whose couplings are those that the tree was made from.
    pub fn set_fields(&mut self, part: &Part) {
        for bucket in &mut self.buckets {
            bucket.field = part.fields[bucket.site];
        }
    }

    /// Number of sites.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// True without sites.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The links from a bucket to its children.
    pub(super) fn links(&self, position: usize) -> Vec<Link> {
        let parent = &self.buckets[position];
        let bits = parent.piece_bits();
        let link = |&child: &u32| {
            let scope = &self.buckets[child as usize].scope;
            let mut places = vec![0usize; parent.scope.len()];
            for (bit, other) in scope.iter().enumerate().skip(1) {
                if let Ok(place) = parent.scope.binary_search(other) {
                    places[place] = 1 << bit;
                }
            }
            let mut inner = Vec::with_capacity(parent.piece());
            inner.push(0);
            for &bit in &places[..bits] {
                for l in 0..inner.len() {
                    inner.push(inner[l] + bit as u32);
                }
            }
            Link {
                child: child as usize,
                inner,
                outer: places[bits..].to_vec(),
            }
        };
        parent.children.iter().map(link).collect()
    }

    /// What all below a bucket amounts to with its site at -1 and at +1, for every index of a piece of its table.
    pub(super) fn sides<A: Algebra>(
        &self,
        algebra: A,
        position: usize,
        piece: usize,
        links: &[Link],
        messages: &[Vec<A::Entry>],
    ) -> Vec<[A::Entry; 2]> {
        let mut fields = Vec::with_capacity(self.buckets[position].piece());
        self.buckets[position].fields(piece, &mut fields);
        let mut sides: Vec<_> = fields
            .into_iter()
            .map(|f| [algebra.term(-f), algebra.term(f)])
            .collect();
        for link in links {
            let message = &messages[link.child];
            for ([minus, plus], at) in sides.iter_mut().zip(link.indices(piece)) {
                *minus = algebra.times(*minus, message[at]);
                *plus = algebra.times(*plus, message[at + 1]);
            }
        }
        sides
    }

    /// [`Tree::sides`] for the single index that `spins` (by position) lead to.
    pub(super) fn sides_at<A: Algebra>(
        &self,
        algebra: A,
        position: usize,
        spins: &[i8],
        messages: &[Vec<A::Entry>],
    ) -> [A::Entry; 2] {
        let bucket = &self.buckets[position];
        let pairs = bucket.scope.iter().zip(&bucket.couplings);
        let field = bucket.field + pairs.map(|(&p, w)| w * f64::from(spins[p as usize])).sum::<f64>();
        let mut sides = [algebra.term(-field), algebra.term(field)];
        for &child in &bucket.children {
            let scope = self.buckets[child as usize].scope.iter().enumerate().skip(1);
            let at: usize = scope
                .map(|(bit, &p)| usize::from(spins[p as usize] > 0) << bit)
                .sum();
            let message = &messages[child as usize];
            for (side, entry) in sides.iter_mut().zip(&message[at..at + 2]) {
                *side = algebra.times(*side, *entry);
            }
        }
        sides
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ising;

    /// No such table could be held; its indices must be right all the same.
    #[test]
    fn indices_of_the_widest_scopes_are_right() {
        let n = 40;
        let (rows, columns): (Vec<i64>, Vec<i64>) = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).unzip();
        let weights = vec![1.0; rows.len()];
        let model = Ising::from_edges(&rows, &columns, &weights, vec![0.0; n as usize], 0.0).expect("valid");
        let part = Part::free(&model, &[]).expect("nothing is held");
        let tree = Tree::new(&part, &Order::quick(&part).expect("narrow"));
        let parent = &tree.buckets[1];
        let links = tree.links(1);
        let [link] = &links[..] else { panic!("one child") };
        // The child's scope is the parent, in bit 0, and the parent's scope.
        for piece in [0, 1, 0x1_2345, parent.pieces() - 1] {
            let expected = (0..parent.piece()).map(|l| (piece * parent.piece() + l) << 1);
            assert!(link.indices(piece).eq(expected), "piece {piece}");
        }
    }
}
