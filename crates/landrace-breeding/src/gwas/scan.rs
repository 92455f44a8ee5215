//! All markers of a source, tested block by block.

use std::collections::HashMap;

use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, for_each_block};

use super::coding::{CodeScratch, Coder, Coding, Marker, MarkerAccount, MarkerFilter};
use super::frame::Frame;
use super::marker_test::MarkerTest;
use super::points::Association;

/// Traits of one set of samples, and the models that they are tested in.
pub struct Group {
    /// The samples' places in the genotypes, ascending.
    pub samples: Vec<usize>,
    /// Which of all traits these are.
    pub traits: Vec<usize>,
    /// The model of each contig.
    pub frames: Frames,
}

/// The models of a group's traits.
pub enum Frames {
    /// One for all contigs.
    One(Box<dyn MarkerTest>),
    /// One a contig, by relationship from all other contigs.
    ByContig(HashMap<String, Box<dyn MarkerTest>>),
}

impl Frames {
    pub(crate) fn of(&self, contig: &str) -> Result<&dyn MarkerTest, GenotypeError> {
        match self {
            Self::One(frame) => Ok(frame.as_ref()),
            Self::ByContig(frames) => frames.get(contig).map(AsRef::as_ref).ok_or_else(|| {
                GenotypeError::Request(format!(
                    "contig '{contig}' had no variants when the relationship was made; run again on the same file"
                ))
            }),
        }
    }

    /// The linear model of a contig.
    ///
    /// # Errors
    /// Returns an error if the contig is not known or its model is another.
    pub(crate) fn linear(&self, contig: &str) -> Result<&Frame, GenotypeError> {
        let linear = self.of(contig)?.linear();
        linear.ok_or_else(|| GenotypeError::Request("this is for linear models of single traits".to_owned()))
    }

    /// The models, by contig if there are several.
    pub fn each(&self) -> Vec<(Option<&str>, &dyn MarkerTest)> {
        match self {
            Self::One(frame) => vec![(None, frame.as_ref())],
            Self::ByContig(frames) => {
                let mut all: Vec<_> =
                    frames.iter().map(|(contig, frame)| (Some(contig.as_str()), frame.as_ref())).collect();
                all.sort_by_key(|own| own.0);
                all
            }
        }
    }
}

/// A marker and its tests against the traits of a group.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The marker, as the group's samples have it.
    pub marker: Marker,
    /// The group.
    pub group: usize,
    /// One a trait of the group.
    pub results: Vec<Association>,
}

/// What was scanned, by group.
pub type ScanAccount = Vec<MarkerAccount>;

/// How markers are turned to columns, and which are tested.
#[derive(Clone, Copy)]
pub struct Scanned<'a> {
    /// The coding.
    pub coding: &'a dyn Coding,
    /// The filter.
    pub filter: MarkerFilter,
}

/// Tests all markers. `format` makes the text of a marker on any thread; `write` gets markers and text in the order of
/// the file.
///
/// # Errors
/// Returns an error if the source or `write` fails.
pub fn scan(
    source: &mut dyn GenotypeSource,
    groups: &[Group],
    scanned: Scanned<'_>,
    format: &(dyn Fn(&Tested, &mut String) + Sync),
    mut write: impl FnMut(&[Tested], &str) -> Result<(), GenotypeError>,
) -> Result<ScanAccount, GenotypeError> {
    let mut all = vec![MarkerAccount::default(); groups.len()];
    for_each_block(
        source,
        |block| {
            let (tested, accounts) = test_block(&block, groups, scanned)?;
            let mut text = String::new();
            tested.iter().for_each(|own| format(own, &mut text));
            Ok((tested, text, accounts))
        },
        |(tested, text, accounts)| {
            all.iter_mut().zip(&accounts).for_each(|(all, own)| all.merge(own));
            write(&tested, &text)
        },
    )?;
    Ok(all)
}

fn test_block(
    block: &GenotypeBlock,
    groups: &[Group],
    scanned: Scanned<'_>,
) -> Result<(Vec<Tested>, Vec<MarkerAccount>), GenotypeError> {
    let mut scratch = CodeScratch::default();
    let (mut out, mut accounts) = (Vec::new(), Vec::new());
    for (index, group) in groups.iter().enumerate() {
        let frame = group.frames.of(&block.contig)?;
        let coder = Coder { samples: &group.samples, coding: scanned.coding, filter: scanned.filter };
        let mut account = MarkerAccount::default();
        let mut row = 0;
        while row < block.rows() {
            let (coded, next) = coder.code(block, row, &mut account, &mut scratch);
            let tests = frame.test(&coded, &mut account);
            let tested = coded.markers.into_iter().zip(tests).filter_map(|(marker, results)| {
                results.map(|results| Tested { marker, group: index, results })
            });
            out.extend(tested);
            row = next;
        }
        accounts.push(account);
    }
    if groups.len() > 1 {
        out.sort_by_key(|own| (own.marker.row, own.group));
    }
    Ok((out, accounts))
}
