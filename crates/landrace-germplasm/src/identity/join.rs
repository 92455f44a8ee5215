//! Markers of the queries found among those of the library, by name or by place.

use std::collections::HashMap;
use std::sync::Arc;

use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeMatrix, Site};

use super::fit::{Fit, fit};
use super::marker::{Genotypes, MISSING, MarkerRow};

/// How the markers of both sides met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinAccount {
    /// Markers of the queries.
    pub of_queries: u64,
    /// Markers of the library.
    pub of_library: u64,
    /// Shared, by name.
    pub by_name: u64,
    /// Shared, by contig and position.
    pub by_place: u64,
    /// At the same name or place with other alleles: left out.
    pub unlike: u64,
    /// Shared, with reference and alternate exchanged.
    pub turned: u64,
    /// Shared, with the bases of the other strand.
    pub flipped: u64,
    /// A/T and C/G markers.
    pub ambiguous: u64,
    /// Whether those were left out: other markers are of the other strand, so these may be too.
    pub left_out_ambiguous: bool,
    /// Markers compared by which alleles are there, since ploidies differ.
    pub by_presence: u64,
    /// Markers that several lines of the library name; the first line counts.
    pub repeated: u64,
}

impl JoinAccount {
    /// Markers compared.
    pub fn shared(&self) -> u64 {
        let left_out = if self.left_out_ambiguous { self.ambiguous } else { 0 };
        (self.by_name + self.by_place).saturating_sub(left_out)
    }
}

/// The queries' markers by name and place, and the queries' genotypes.
pub struct Join {
    queries: GenotypeMatrix,
    by_name: HashMap<Box<str>, usize>,
    by_place: HashMap<(Arc<str>, u64), usize>,
    /// Library samples that stand as queries too, each left out of its own comparison.
    pub(crate) members: Vec<usize>,
}

/// A shared marker.
pub(crate) struct Shared {
    pub(crate) row: MarkerRow,
    pub(crate) fit: Fit,
    pub(crate) is_by_name: bool,
}

/// What a block of the library shares with the queries.
#[derive(Default)]
pub(crate) struct BlockJoin {
    pub(crate) shared: Vec<Shared>,
    pub(crate) read: u64,
    pub(crate) unlike: u64,
}

fn name_of(site: &Site) -> Option<&str> {
    Some(&*site.id).filter(|id| !matches!(*id, "" | "."))
}

fn place_of(contig: &Arc<str>, site: &Site) -> Option<(Arc<str>, u64)> {
    let position = site.position?;
    (&**contig != "0").then(|| (contig.clone(), position.get()))
}

impl Join {
    /// Prepares the queries.
    ///
    /// # Errors
    /// Returns an error if two markers or two samples of the queries have one name.
    pub fn new(queries: GenotypeMatrix, members: Vec<usize>) -> Result<Self, GenotypeError> {
        unique(queries.samples(), "queries")?;
        let (mut by_name, mut by_place) = (HashMap::new(), HashMap::new());
        let mut variant = 0;
        for block in queries.blocks() {
            for site in &block.sites {
                if let Some(name) = name_of(site)
                    && by_name.insert(name.into(), variant).is_some()
                {
                    return Err(GenotypeError::Request(format!(
                        "two markers of the queries are named '{name}'; give each a name of its own"
                    )));
                }
                if let Some(place) = place_of(&block.contig, site) {
                    by_place.entry(place).or_insert(variant);
                }
                variant += 1;
            }
        }
        Ok(Self { queries, by_name, by_place, members })
    }

    /// The queries.
    pub fn queries(&self) -> &GenotypeMatrix {
        &self.queries
    }

    /// A marker of the queries, for messages: its name and place.
    pub fn example(&self) -> String {
        match self.queries.variants() {
            0 => "none".to_owned(),
            _ => described(self.queries.contig(0), self.queries.site(0)),
        }
    }

    /// The markers of a block that the queries have too.
    pub(crate) fn of_block(&self, block: &GenotypeBlock) -> BlockJoin {
        let mut out = BlockJoin { read: block.rows() as u64, ..BlockJoin::default() };
        for row in 0..block.rows() {
            let site = &block.sites[row];
            let by_name = name_of(site).and_then(|name| self.by_name.get(name)).copied();
            let by_place =
                || place_of(&block.contig, site).and_then(|place| self.by_place.get(&place)).copied();
            let Some(variant) = by_name.or_else(by_place) else { continue };
            match fit(self.queries.site(variant), site) {
                Some(fit) => {
                    let row = self.row(variant, &fit, (block, row));
                    out.shared.push(Shared { row, fit, is_by_name: by_name.is_some() });
                }
                None => out.unlike += 1,
            }
        }
        out
    }

    /// The markers that a held set of genotypes shares with the queries, each once.
    ///
    /// # Errors
    /// Returns an error if no marker is shared.
    pub(crate) fn shared_with(&self, other: &GenotypeMatrix) -> Result<Vec<Shared>, GenotypeError> {
        let mut is_used = vec![false; self.queries.variants()];
        let (mut rows, mut unlike) = (Vec::new(), 0);
        for block in other.blocks() {
            let found = self.of_block(block);
            unlike += found.unlike;
            let new = found.shared.into_iter();
            rows.extend(new.filter(|shared| !std::mem::replace(&mut is_used[shared.row.variant], true)));
        }
        // Where some markers are of the other strand, those of A/T and C/G may be too, and do not tell.
        let is_flipped = rows.iter().any(|shared| shared.fit.is_flipped);
        rows.retain(|shared| !(is_flipped && shared.fit.is_ambiguous));
        if rows.is_empty() {
            let example = other
                .blocks()
                .first()
                .map_or_else(|| "none".to_owned(), |own| described(&own.contig, &own.sites[0]));
            return Err(GenotypeError::Request(format!(
                "the samples and those that they are compared with share no marker ({unlike} have other alleles); the \
                 first of the samples is {}, of the others {example}; write names or positions alike in both files",
                self.example()
            )));
        }
        Ok(rows)
    }

    fn row(&self, variant: usize, fit: &Fit, (block, row): (&GenotypeBlock, usize)) -> MarkerRow {
        let (own, own_row) = self.queries.locate(variant);
        let library_map: Vec<u8> = (0..=u8::MAX).collect();
        let (ours, theirs) = (own.ploidies(), block.ploidies());
        let first = theirs.iter().chain(&ours).copied().next().unwrap_or(2);
        let is_even = theirs.iter().chain(&ours).all(|&ploidy| ploidy == first);
        let ploidy = is_even.then_some(first);
        let mut out = if fit.alleles == 2 {
            let genotypes = ploidy.map_or(Genotypes::Presence, |ploidy| Genotypes::Dosage { ploidy });
            let library = dosages((block, row), &theirs, &library_map, ploidy);
            let queries = dosages((own, own_row), &ours, &fit.to_joint, ploidy);
            MarkerRow { variant, genotypes, library, queries }
        } else {
            let mut lists = Lists { is_even, ..Lists::default() };
            let library = lists.codes((block, row), &theirs, &library_map);
            let queries = lists.codes((own, own_row), &ours, &fit.to_joint);
            let genotypes = Genotypes::Lists { alleles: fit.alleles, ploidy, lists: lists.lists };
            MarkerRow { variant, genotypes, library, queries }
        };
        out.queries.extend(self.members.iter().map(|&member| out.library[member]));
        out
    }
}

/// A marker's name and place, for messages.
pub(crate) fn described(contig: &str, site: &Site) -> String {
    match (name_of(site), site.position) {
        (Some(name), Some(position)) => format!("'{name}' at {contig}:{position}"),
        (Some(name), None) => format!("'{name}'"),
        _ => site.label(contig),
    }
}

/// Refuses names that stand twice.
pub(crate) fn unique(names: &[String], what: &str) -> Result<(), GenotypeError> {
    let mut seen = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name.as_str(), index) {
            return Err(GenotypeError::Request(format!(
                "samples {} and {} of the {what} are both named '{name}'; give each a name of its own",
                first + 1,
                index + 1
            )));
        }
    }
    Ok(())
}

/// Copies of the second joint allele, or whether none, some or all copies are of it.
fn dosages(
    (block, row): (&GenotypeBlock, usize),
    ploidies: &[u8],
    to_joint: &[u8],
    ploidy: Option<u8>,
) -> Vec<u16> {
    let mut codes = Vec::new();
    block.unpack(row, &mut codes);
    let is_second = |allele: usize| to_joint.get(allele) == Some(&1);
    let (first, second) = (is_second(0), is_second(1));
    let code = |(&dosage, &copies): (&u8, &u8)| {
        if dosage == landrace_genotypes::plane::MISSING {
            return MISSING;
        }
        let own = u16::from(second) * u16::from(dosage)
            + u16::from(first) * u16::from(copies.saturating_sub(dosage));
        match ploidy {
            Some(_) => own,
            None if own == 0 => 0,
            None if own == u16::from(copies) => 2,
            None => 1,
        }
    };
    codes.iter().zip(ploidies).map(code).collect()
}

/// Genotypes of several alleles, numbered as they come.
#[derive(Default)]
struct Lists {
    is_even: bool,
    lists: Vec<Box<[u8]>>,
    places: HashMap<Box<[u8]>, u16>,
}

impl Lists {
    fn codes(&mut self, (block, row): (&GenotypeBlock, usize), ploidies: &[u8], to_joint: &[u8]) -> Vec<u16> {
        let alleles = block.layers.alleles.as_ref();
        let mut dosages = Vec::new();
        block.unpack(row, &mut dosages);
        let joint = |allele: u8| to_joint.get(usize::from(allele)).copied().unwrap_or(allele);
        (0..block.samples)
            .map(|sample| {
                let dosage = dosages[sample];
                if dosage == landrace_genotypes::plane::MISSING {
                    return MISSING;
                }
                let mut list: Vec<u8> = match alleles.and_then(|layer| layer.call(row, sample)) {
                    Some(call) if call.contains(&UNKNOWN) => return MISSING,
                    Some(call) => {
                        call.iter().filter(|&&code| code != ABSENT).map(|&code| joint(code)).collect()
                    }
                    None => {
                        let reference = ploidies[sample].saturating_sub(dosage);
                        let copies = |allele: u8, n: u8| std::iter::repeat_n(joint(allele), usize::from(n));
                        copies(0, reference).chain(copies(1, dosage)).collect()
                    }
                };
                list.sort_unstable();
                if !self.is_even {
                    list.dedup();
                }
                self.code(list.into_boxed_slice())
            })
            .collect()
    }

    fn code(&mut self, list: Box<[u8]>) -> u16 {
        if let Some(&code) = self.places.get(&list) {
            return code;
        }
        // More genotypes of one marker than 65,534 there are not; those beyond would count as missing.
        let code = u16::try_from(self.lists.len()).unwrap_or(MISSING);
        if code != MISSING {
            self.lists.push(list.clone());
            self.places.insert(list, code);
        }
        code
    }
}
