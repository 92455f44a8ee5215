//! Variance components of allele frequencies in nested groups, by the method of moments.
//!
//! Every gene copy is an indicator of each allele; sums of squares are added up over the alleles. Copies lie in
//! individuals, these in groups, these perhaps in regions, and each level may be of uneven size, so ploidies may be mixed.
//! With diploids in groups the components are a, b and c of Weir and Cockerham (1984); with regions they are the analysis
//! of molecular variance of Excoffier et al. (1992), locus by locus.

use super::counts::LocusCalls;

/// Levels from the top: among regions, among groups (within regions), among individuals within groups, within
/// individuals.
pub const LEVELS: usize = 4;

/// Sums of squares, degrees of freedom and components of one locus, or summed over loci; by level, see [`LEVELS`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Components {
    /// Loci summed.
    pub loci: u64,
    /// Degrees of freedom.
    pub freedom: [f64; LEVELS],
    /// Sums of squares.
    pub squares: [f64; LEVELS],
    /// Components of variance.
    pub sigma: [f64; LEVELS],
}

impl Components {
    /// Adds another locus or sum.
    pub fn add(&mut self, other: &Self) {
        self.loci += other.loci;
        for level in 0..LEVELS {
            self.freedom[level] += other.freedom[level];
            self.squares[level] += other.squares[level];
            self.sigma[level] += other.sigma[level];
        }
    }
}

/// A group of a locus as the analysis takes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Node {
    /// Individuals.
    pub samples: f64,
    /// Gene copies N.
    pub copies: f64,
    /// Σ m² over the individuals.
    pub squares: f64,
    /// Sum of squares within individuals.
    pub within: f64,
    /// Σ over alleles of count² / N.
    pub share: f64,
}

impl Node {
    /// A group of a locus; `None` without calls.
    pub fn of(locus: &LocusCalls<'_>, group: usize) -> Option<Self> {
        let own = &locus.groups[group];
        (own.copies > 0).then(|| {
            let copies = f64::from(own.copies);
            let squares: f64 = locus.alleles(group).iter().map(|&count| f64::from(count).powi(2)).sum();
            Self {
                samples: f64::from(own.samples),
                copies,
                squares: f64::from(own.squares),
                within: own.within,
                share: squares / copies,
            }
        })
    }
}

/// Components of two groups; `together` is Σ over alleles of (count in both)² / copies of both. Gives the one among the
/// groups and the sum of all three; `None` if there are too few individuals.
pub fn of_two(a: &Node, b: &Node, together: f64) -> Option<(f64, f64)> {
    let copies = a.copies + b.copies;
    let samples = a.samples + b.samples;
    if samples <= 2.0 {
        return None;
    }
    let within = a.within + b.within;
    let among = a.share + b.share - together;
    let individuals = copies - within - a.share - b.share;
    let free_within = copies - samples;
    let sigma_within = if free_within > 0.0 { within / free_within } else { 0.0 };
    let (spread_a, spread_b) = (a.squares / a.copies, b.squares / b.copies);
    let sigma_individuals = (individuals - (samples - 2.0) * sigma_within) / (copies - spread_a - spread_b);
    let of_individuals = spread_a + spread_b - (a.squares + b.squares) / copies;
    let of_groups = copies - (a.copies * a.copies + b.copies * b.copies) / copies;
    let sigma_among = (among - sigma_within - of_individuals * sigma_individuals) / of_groups;
    Some((sigma_among, sigma_among + sigma_individuals + sigma_within))
}

/// Components of all groups of a locus, in regions (the region of each group) or without (an empty slice). `None` if a
/// level has no degrees of freedom here: a single group with calls, or one individual a group.
pub fn of_all(locus: &LocusCalls<'_>, region_of: &[usize]) -> Option<Components> {
    let groups = locus.groups.len() - 1;
    let nodes: Vec<(usize, Node)> =
        (0..groups).filter_map(|group| Some((group, Node::of(locus, group)?))).collect();
    let whole = Node::of(locus, groups)?;
    let regions = regions(locus, region_of, &nodes);
    let region = |group: usize| match region_of {
        [] => &whole,
        _ => &regions[region_of[group]],
    };
    let count = if region_of.is_empty() { 1 } else { regions.iter().filter(|own| own.copies > 0.0).count() };
    let [n, k] = [nodes.len() as f64, count as f64];
    let freedom = [k - 1.0, n - k, whole.samples - n, whole.copies - whole.samples];
    let has_regions = !region_of.is_empty();
    if freedom[1] <= 0.0 || freedom[2] <= 0.0 || has_regions && freedom[0] <= 0.0 {
        return None;
    }
    let sum = |value: &dyn Fn(usize, &Node) -> f64| {
        nodes.iter().map(|(group, own)| value(*group, own)).sum::<f64>()
    };
    let among_groups = sum(&|_, own| own.share);
    let of_regions = if has_regions { regions.iter().map(|own| own.share).sum() } else { whole.share };
    let squares = [
        of_regions - whole.share,
        among_groups - of_regions,
        whole.copies - whole.within - among_groups,
        whole.within,
    ];
    let mut sigma = [0.0; LEVELS];
    sigma[3] = if freedom[3] > 0.0 { squares[3] / freedom[3] } else { 0.0 };
    let k_individuals = whole.copies - sum(&|_, own| own.squares / own.copies);
    sigma[2] = (squares[2] - freedom[2] * sigma[3]) / k_individuals;
    let k_lower = sum(&|group, own| own.squares * (1.0 / own.copies - 1.0 / region(group).copies));
    let k_groups = whole.copies - sum(&|group, own| own.copies * own.copies / region(group).copies);
    sigma[1] = (squares[1] - freedom[1] * sigma[3] - k_lower * sigma[2]) / k_groups;
    if has_regions {
        let apart = |group: usize| 1.0 / region(group).copies - 1.0 / whole.copies;
        let k_individuals = sum(&|group, own| own.squares * apart(group));
        let k_groups = sum(&|group, own| own.copies * own.copies * apart(group));
        let k_regions =
            whole.copies - regions.iter().map(|own| own.copies * own.copies).sum::<f64>() / whole.copies;
        sigma[0] =
            (squares[0] - freedom[0] * sigma[3] - k_individuals * sigma[2] - k_groups * sigma[1]) / k_regions;
    }
    Some(Components { loci: 1, freedom, squares, sigma })
}

/// Copies and shares of each region; regions without calls are empty.
fn regions(locus: &LocusCalls<'_>, region_of: &[usize], nodes: &[(usize, Node)]) -> Vec<Node> {
    let count = region_of.iter().max().map_or(0, |last| last + 1);
    let mut out = vec![Node::default(); count];
    let mut alleles = vec![0.0; count * locus.width()];
    for (group, node) in nodes.iter().filter(|_| count > 0) {
        let region = region_of[*group];
        out[region].copies += node.copies;
        for (allele, &copies) in locus.alleles(*group).iter().enumerate() {
            alleles[region * locus.width() + allele] += f64::from(copies);
        }
    }
    for (own, alleles) in
        out.iter_mut().zip(alleles.chunks(locus.width())).filter(|(own, _)| own.copies > 0.0)
    {
        own.share = alleles.iter().map(|count| count * count).sum::<f64>() / own.copies;
    }
    out
}
