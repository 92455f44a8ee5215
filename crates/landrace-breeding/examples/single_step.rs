//! Breeding values by pedigree, by genotypes and by both, of the records in a table of id and value:
//! `single_step PEDIGREE GENOTYPES RECORDS OUTPUT [FOLDS]`. With folds, each record is predicted from those of the
//! other folds as well, by pedigree and by both.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use landrace_breeding::single_step::{GenomicOptions, Records, Relationship, Solver, estimate, solve};
use landrace_genome::file;
use landrace_genotypes::format::{self, ReadOptions};
use landrace_genotypes::pedigree::{Inheritance, Kinship, Pedigree, Rules, UNKNOWN};
use landrace_genotypes::relationship::{Method, Options, SampleMatrix, relate};

/// Breeding values of all individuals of a relationship, with the heritability found.
fn values(relationship: &Relationship<'_>, records: &Records) -> Result<(Vec<f64>, f64), Box<dyn Error>> {
    let ratio = estimate(relationship, records, 1)?;
    let solution = solve(relationship, records, ratio.residual / ratio.additive, Solver::default())?;
    Ok((solution.values, ratio.heritability()))
}

fn part(g: &SampleMatrix, some: &[usize]) -> SampleMatrix {
    let values = some.iter().enumerate().flat_map(|(i, &a)| some[..=i].iter().map(move |&b| g.get(a, b)));
    SampleMatrix { samples: some.iter().map(|&a| g.samples[a].clone()).collect(), values: values.collect() }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, pedigree, genotypes, records, output] = &args[..5] else { return Err("give four files".into()) };
    let folds: usize = args.get(5).map_or(Ok(0), |folds| folds.parse())?;
    let pedigree = Pedigree::read(&PathBuf::from(pedigree), Rules::default())?.pedigree;
    let index = pedigree.index();
    let mut source = format::open(&[PathBuf::from(genotypes)], ReadOptions::default())?;
    let g = relate(source.as_mut(), &Options::new(Method::VanRaden1))?.matrix;
    let some: Vec<usize> = (0..g.len()).filter(|&at| index.contains_key(g.samples[at].as_str())).collect();
    let genotyped: Vec<u32> = some.iter().map(|&at| index[g.samples[at].as_str()]).collect();
    let g = part(&g, &some);
    let text = file::read_text(records)?;
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut cells = line.split('\t');
        Some((*index.get(cells.next()?)?, cells.next()?.parse::<f64>().ok()?))
    });
    let (individuals, observed): (Vec<u32>, Vec<f64>) = rows.unzip();
    let all = Records::new(individuals, observed);

    let kinship = Kinship::new(&pedigree, Inheritance::default());
    let by_pedigree = Relationship::of_pedigree(&kinship)?;
    let by_both = Relationship::single_step(&kinship, &g, genotyped.clone(), &GenomicOptions::default())?;
    // Genotypes alone: the genotyped as founders, with next to nothing of their identity mixed in.
    let place: HashMap<u32, u32> = genotyped.iter().copied().zip(0..).collect();
    let founders = Pedigree::from_parents(g.samples.to_vec(), vec![[UNKNOWN; 2]; g.len()])?;
    let unrelated = Kinship::new(&founders, Inheritance::default());
    let options = GenomicOptions { pedigree_weight: 0.01, align: false, core: None };
    let by_genotypes = Relationship::single_step(&unrelated, &g, (0..).take(g.len()).collect(), &options)?;
    let typed: Vec<usize> =
        (0..all.values.len()).filter(|&at| place.contains_key(&all.individuals[at])).collect();
    let of_typed = Records::new(
        typed.iter().map(|&at| place[&all.individuals[at]]).collect(),
        typed.iter().map(|&at| all.values[at]).collect(),
    );
    let (own, h2_pedigree) = values(&by_pedigree, &all)?;
    let (both, h2_both) = values(&by_both, &all)?;
    let (alone, h2_alone) = values(&by_genotypes, &of_typed)?;
    let mut out = file::create(output)?;
    writeln!(
        out,
        "id\tgenotyped\tpedigree\tsingle_step\tgenotypes\t{h2_pedigree:.3}\t{h2_both:.3}\t{h2_alone:.3}"
    )?;
    for (at, name) in pedigree.names.iter().enumerate() {
        let of_typed = place.get(&(at as u32)).map(|&place| alone[place as usize]);
        let cell = of_typed.map_or("NA".to_owned(), |value| format!("{value:.6}"));
        writeln!(out, "{name}\t{}\t{:.6}\t{:.6}\t{cell}", u8::from(of_typed.is_some()), own[at], both[at])?;
    }
    file::publish(vec![out])?;
    if folds > 0 {
        let mut out = file::create(file::beside(&PathBuf::from(output), ".folds.tsv"))?;
        writeln!(out, "id\tobserved\tpedigree\tsingle_step\tfold")?;
        for fold in 0..folds {
            let (held, kept): (Vec<usize>, Vec<usize>) =
                (0..all.values.len()).partition(|at| at % folds == fold);
            let training = Records::new(
                kept.iter().map(|&at| all.individuals[at]).collect(),
                kept.iter().map(|&at| all.values[at]).collect(),
            );
            let (own, both) = (values(&by_pedigree, &training)?.0, values(&by_both, &training)?.0);
            for at in held {
                let individual = all.individuals[at] as usize;
                let (name, observed) = (&pedigree.names[individual], all.values[at]);
                writeln!(out, "{name}\t{observed}\t{:.6}\t{:.6}\t{fold}", own[individual], both[individual])?;
            }
        }
        file::publish(vec![out])?;
    }
    Ok(())
}
