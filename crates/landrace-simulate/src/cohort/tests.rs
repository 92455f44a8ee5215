use super::*;
use crate::founders::FounderOptions;
use crate::genome::{GenomeOptions, simulate_genome};
use crate::population::{Design, PopulationOptions, simulate_population};

fn bred(design: Design, ploidy: usize) -> (Genome, Population) {
    let genome = simulate_genome(&GenomeOptions { length: 400_000, ..Default::default() }, 1).unwrap();
    let options = PopulationOptions {
        design,
        samples: 5,
        ploidy,
        founders: None,
        generations: None,
        are_founders_inbred: None,
    };
    let founders = FounderOptions { cm_per_mb: 500.0, effective_size: 200.0, ..Default::default() };
    let population = simulate_population(&genome, &options, &founders, 1).unwrap();
    (genome, population)
}

#[test]
fn genotypes_in_runs_are_those_of_the_individuals() {
    for (design, ploidy) in [(Design::F2, 2), (Design::F1, 6), (Design::Founders, 1)] {
        let (genome, population) = bred(design, ploidy);
        let cohort = Cohort::new(&genome, &population);
        let runs = cohort.runs();
        assert!(ploidy == 1 || runs.len() > 3);
        let mut seen = 0;
        for run in &runs {
            for calls in cohort.calls(run) {
                for (sample, alleles) in cohort.samples().iter().zip(calls.alleles.chunks(ploidy)) {
                    let dosage = alleles.iter().filter(|&&allele| allele == 1).count();
                    assert_eq!(dosage, sample.dosage(&population.variation, run.contig, calls.site));
                    seen += 1;
                }
            }
        }
        assert!(seen > 1_000);
    }
}

#[test]
fn vcf_lines_have_the_references_bases_and_every_copy() {
    let (genome, population) = bred(Design::F1, 4);
    let cohort = Cohort::new(&genome, &population);
    let run = &cohort.runs()[0];
    let lines = cohort.vcf_lines(run);
    assert!(lines.len() > 100);
    for (interval, line) in lines {
        let fields: Vec<&str> = line.trim_end().split('\t').collect();
        assert_eq!(fields.len(), 14);
        let reference = &genome.sequences[0][interval.start() as usize..interval.end() as usize];
        assert_eq!(
            (fields[1], fields[3].as_bytes()),
            ((interval.start() + 1).to_string().as_str(), reference)
        );
        assert!(fields[9..].iter().all(|genotype| genotype.len() == 7 && genotype.matches('|').count() == 3));
    }
}

#[test]
fn plink_rows_hold_the_dosages() {
    let (genome, population) = bred(Design::F2, 2);
    let cohort = Cohort::new(&genome, &population);
    let run = &cohort.runs()[0];
    let (bed, bim) = cohort.plink_rows(run, 1.0);
    let calls = cohort.calls(run);
    assert_eq!((bed.len(), bim.lines().count()), (calls.len() * 2, calls.len()));
    for (row, calls) in bed.chunks(2).zip(calls) {
        for (sample, alleles) in calls.alleles.chunks(2).enumerate() {
            let code = row[sample / 4] >> (2 * (sample % 4)) & 3;
            let expected = [3, 2, 0][usize::from(alleles[0] + alleles[1])];
            assert_eq!(code, expected);
        }
    }
}

#[test]
fn tables_name_parents_and_cover_chromosomes() {
    let (genome, population) = bred(Design::F2, 2);
    let cohort = Cohort::new(&genome, &population);
    let (mut pedigree, mut origins) = (Vec::new(), Vec::new());
    cohort.write_pedigree(&mut pedigree).unwrap();
    cohort.write_origins(&mut origins).unwrap();
    let pedigree = String::from_utf8(pedigree).unwrap();
    assert!(pedigree.contains("F1\tP1\tP2\t1\t0\n") && pedigree.contains("S03\tF1\tF1\t2\t1\n"));
    let covered: u64 = String::from_utf8(origins)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| {
            let number =
                |column| line.split('\t').nth(column).and_then(|text| text.parse::<u64>().ok()).unwrap();
            number(4) + 1 - number(3)
        })
        .sum();
    assert_eq!(covered, 5 * 2 * 400_000);
    assert!(cohort.fam(Some(&[1.0; 5])).contains("S03\tS03\t0\t0\t0\t1.000000\n"));
}

#[test]
fn observed_calls_are_missing_and_wrong_as_often_as_asked() {
    let (genome, population) = bred(Design::F1, 4);
    let cohort = Cohort::new(&genome, &population);
    let observation = Observation { missing: 0.2, errors: 0.1, seed: 3 };
    let (mut all, mut missing, mut wrong) = (0.0, 0.0, 0.0);
    for run in cohort.runs() {
        let seen = cohort.observed_lines(&run, &observation);
        assert_eq!(seen, cohort.observed_lines(&run, &observation));
        for ((_, truth), (_, seen)) in cohort.vcf_lines(&run).iter().zip(&seen) {
            for (truth, seen) in truth.trim_end().split('\t').zip(seen.trim_end().split('\t')).skip(9) {
                let dosage = |call: &str| call.matches('1').count();
                all += 1.0;
                missing += f64::from(u8::from(seen.contains('.')));
                wrong += f64::from(u8::from(!seen.contains('.') && dosage(truth) != dosage(seen)));
            }
        }
    }
    assert!(all > 1_000.0, "{all}");
    assert!((missing / all - 0.2_f64).abs() < 0.04 && (wrong / all - 0.08_f64).abs() < 0.03);
}
