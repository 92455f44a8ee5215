//! `landrace tree`: a tree of the accessions by their distances.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use landrace_genome::file;
use landrace_genome::summary::{Chart, InputDigest, Summary, Table};
use landrace_genotypes::{GenotypeError, GenotypeMatrix, Wanted};
use landrace_germplasm::core_collection::NamedMatrix;
use landrace_germplasm::distance::{Distances, distances};
use landrace_germplasm::tree::bootstrap::{self, Account, Measure, Request};
use landrace_germplasm::tree::{Method, Square, Tree, newick};
use serde_json::Value;

use crate::cli::Session;
use crate::{genotypes, output};

/// Leaves up to which the summary holds the tree for the report.
const DRAWN: usize = 300;

/// Draw the tree of the accessions: neighbour joining or UPGMA, with bootstrap support
#[derive(clap::Args)]
#[command(mut_arg("genotypes", |arg| arg.required(false)), after_help = "Examples:\n  \
    landrace tree accessions.vcf.gz -o tree.nwk\n  \
    landrace tree accessions.bed --bootstrap 1000 --stretch 50 --outgroup wild_1 -o tree.nwk\n  \
    landrace tree --matrix distances.tsv --method upgma -o tree.nwk\n\n\
    The tree is written in Newick, which FigTree, iTOL, ape and others read; inner nodes bear the bootstrap support\n\
    of their branch in percent. Without --outgroup a tree of neighbour joining has no root; the report draws it\n\
    with a root midway between the two accessions farthest apart.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The tree (Newick)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How the tree is made: neighbour joining, or average linkage (which takes an even pace of change for granted)
    #[arg(long, value_name = "METHOD", default_value = "nj", value_parser = ["nj", "upgma"])]
    method: String,
    /// Distance of two accessions over the variants both have: mean difference of dosages as shares of the ploidy (of
    /// microsatellites and the like, the share of alleles not in common), or share of differing calls
    #[arg(long, value_name = "DISTANCE", default_value = "alleles", value_parser = ["alleles", "calls"])]
    distance: String,
    /// Square table of distances with names, in place of genotypes (TSV or CSV)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["genotypes", "distance", "bootstrap"], required_unless_present = "genotypes")]
    matrix: Option<PathBuf>,
    /// Trees of resampled stretches of variants, which give the support of branches
    #[arg(long, value_name = "N", default_value_t = 0)]
    bootstrap: usize,
    /// Variants of a stretch that is drawn as a whole; 1 takes linked markers for independent
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    stretch: u32,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Accession on whose branch the root is put (neighbour joining)
    #[arg(long, value_name = "NAME")]
    outgroup: Option<String>,
    /// Branches shorter than 0, which neighbour joining gives where distances do not fit a tree: keep them, or write 0
    #[arg(long, value_name = "WHAT", default_value = "keep", value_parser = ["keep", "zero"])]
    negative: String,
    /// Also write the distances, as a table that --matrix reads
    #[arg(long, value_name = "FILE")]
    distances: Option<PathBuf>,
}

/// What was read: names, distances, inputs, and the genotypes if they are drawn from anew.
struct Read {
    names: Arc<[String]>,
    square: Square,
    inputs: Vec<InputDigest>,
    matrix: Option<Arc<GenotypeMatrix>>,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let read = args.read(session)?;
    let method = if args.method == "upgma" { Method::Upgma } else { Method::NeighbourJoining };
    let root = args.root(method, &read.names)?;
    let mut tree = method.tree(&read.names, read.square.clone())?;
    let mut account = Account::default();
    if let Some(matrix) = &read.matrix {
        let stretch = usize::try_from(args.stretch)?;
        let (replicates, seed) = (args.bootstrap, args.seed);
        let request = Request { method, measure: args.measure(), replicates, stretch, seed };
        account = bootstrap::support(&mut tree, matrix, &read.square, &request)?;
    }
    let negative = tree.negative();
    if args.negative == "zero" {
        tree.cut_negative();
    }
    let tree = root.and_then(|leaf| tree.rooted_at(leaf)).unwrap_or(tree);
    let mut out = file::create(&args.output)?;
    newick::write(&tree, &mut out)?;
    let mut files = Vec::new();
    if let Some(path) = &args.distances {
        files.push(write_distances(path, &read)?);
    }
    files.push(out);
    let is_rooted = root.is_some() || method == Method::Upgma;
    let mut summary = args.summary(session, &tree, (negative, account), is_rooted);
    summary.inputs = read.inputs;
    output::publish(&args.output, &summary, files)?;
    args.tell(session, negative, account);
    Ok(())
}

impl Args {
    fn measure(&self) -> Measure {
        if self.distance == "calls" { Measure::Calls } else { Measure::Alleles }
    }

    fn read(&self, session: &Session) -> anyhow::Result<Read> {
        if let Some(path) = &self.matrix {
            let named = NamedMatrix::parse(&file::read_text(path)?, &path.display().to_string())?;
            let square =
                Square::from_pairs(named.samples.len(), |i, j| Ok::<f64, GenotypeError>(named.get(i, j)))?;
            let inputs = vec![InputDigest::read(path)?];
            return Ok(Read { names: named.samples.into(), square, inputs, matrix: None });
        }
        let mut source = self.input.open(Wanted::default())?;
        let bar = genotypes::follow(session, "tree", source.as_ref());
        let (distances, matrix) = if self.bootstrap > 0 {
            let matrix = Arc::new(GenotypeMatrix::from_source(source.as_mut())?);
            (distances(&mut matrix.source())?, Some(matrix))
        } else {
            (distances(source.as_mut())?, None)
        };
        drop(bar);
        let square =
            self.square(&distances).with_context(|| self.input.genotypes[0].display().to_string())?;
        Ok(Read { names: distances.samples().into(), square, inputs: source.digests(), matrix })
    }

    fn square(&self, distances: &Distances) -> Result<Square, GenotypeError> {
        let names = distances.samples();
        Square::from_pairs(names.len(), |i, j| {
            let value = match self.measure() {
                Measure::Alleles => distances.allele_distance(i, j),
                Measure::Calls => distances.share_different(i, j),
            };
            value.ok_or_else(|| {
                GenotypeError::Request(format!(
                    "'{}' and '{}' have no variant with a call of both; leave out accessions with few calls (filter)",
                    names[j], names[i]
                ))
            })
        })
    }

    /// The leaf of the outgroup.
    fn root(&self, method: Method, names: &[String]) -> anyhow::Result<Option<usize>> {
        let Some(outgroup) = &self.outgroup else { return Ok(None) };
        if method == Method::Upgma {
            anyhow::bail!("a tree of UPGMA has its root already; leave out --outgroup, or use --method nj");
        }
        let leaf = names.iter().position(|name| name == outgroup);
        let leaf = leaf.with_context(|| {
            format!("no accession is named '{outgroup}'; --outgroup takes a name of the input")
        })?;
        Ok(Some(leaf))
    }

    fn summary(
        &self,
        session: &Session,
        tree: &Tree,
        (negative, account): (usize, Account),
        is_rooted: bool,
    ) -> Summary {
        let mut summary = Summary::new("tree", &session.command_line);
        summary.count("accessions", tree.leaves()).count("method", self.method.as_str());
        summary.count("length", genotypes::rounded(tree.length())).count("negative_branches", negative);
        summary.count("distance", if self.matrix.is_some() { "matrix" } else { self.distance.as_str() });
        summary.headline = "The tree of {accessions} accessions.".to_owned();
        let supports: Vec<f64> = tree.nodes.iter().filter_map(|node| node.support).collect();
        if self.bootstrap > 0 {
            let strong = supports.iter().filter(|&&support| support >= 0.7).count();
            summary.count("bootstrap_replicates", self.bootstrap).count("stretches", account.stretches);
            summary.count("inner_branches", supports.len()).count("branches_of_70_percent_support", strong);
            summary.count("pairs_without_calls_in_a_replicate", account.kept);
            summary.headline = "The tree of {accessions} accessions; {branches_of_70_percent_support} of \
                {inner_branches} inner branches have a bootstrap support of 70 % or more."
                .to_owned();
        }
        if tree.leaves() <= DRAWN {
            let drawn = if is_rooted { tree.clone() } else { tree.rooted_midway() };
            summary.tables.push(table(&drawn, is_rooted));
        }
        summary
    }

    fn tell(&self, session: &Session, negative: usize, account: Account) {
        if negative > 0 {
            let done = if self.negative == "zero" { "are written as 0" } else { "are kept" };
            session.progress.note(&format!("branches shorter than 0: {negative}; they {done} (--negative)"));
        }
        if account.kept > 0 {
            session.progress.note(&format!(
                "{} distances of replicates had no variant to compare, and are those of all variants",
                account.kept
            ));
        }
        if self.bootstrap > 0 && account.stretches < 20 {
            session.progress.note(&format!(
                "the bootstrap draws from {} stretches only; --stretch makes them shorter",
                account.stretches
            ));
        }
    }
}

/// The tree as a table for the report.
fn table(tree: &Tree, is_rooted: bool) -> Table {
    let row = |node: usize| {
        let own = &tree.nodes[node];
        let label = if tree.is_leaf(node) { tree.names[node].as_str().into() } else { Value::Null };
        let support = own.support.map_or(Value::Null, |share| genotypes::rounded(newick::percent(share)));
        let parent = own.parent.map_or(Value::Null, |parent| (parent + 1).into());
        vec![(node + 1).into(), parent, genotypes::rounded(own.length), label, support]
    };
    let title = if is_rooted { "Tree of the accessions" } else { "Tree of the accessions, its root midway" };
    Table {
        name: "tree".into(),
        title: title.into(),
        chart: Chart::Tree,
        columns: ["node", "parent", "length", "label", "support [%]"].map(str::to_owned).to_vec(),
        rows: tree.from_the_root().into_iter().map(row).collect(),
        path: None,
    }
}

/// Writes the distances as a square table.
fn write_distances(path: &Path, read: &Read) -> anyhow::Result<file::Output> {
    let mut out = file::create(path)?;
    writeln!(out, "sample\t{}", read.names.join("\t"))?;
    for (i, name) in read.names.iter().enumerate() {
        write!(out, "{name}")?;
        for j in 0..read.names.len() {
            write!(out, "\t{}", read.square.get(i, j))?;
        }
        writeln!(out)?;
    }
    Ok(out)
}
