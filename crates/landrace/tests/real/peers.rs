//! Other tools read our files; and what happens when things go wrong.

use std::io::Write as _;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let set = "na12878_chr20_10mb";
    vec![
        trial("samtools_and_picard_accept_our_bam", set, &["samtools", "PicardCommandLine"], valid_bam),
        trial("duplicates_equal_picards", set, &["samtools", "PicardCommandLine"], duplicates),
        trial("two_threads_and_little_memory_give_the_same_bytes", set, &["zcat"], same_bytes),
        trial("calls_by_region_equal_calls_of_the_whole", set, &["bcftools", "zcat"], by_region),
        trial("bcftools_finds_records_beyond_2_to_the_29", "", &["bcftools"], long_contig),
        trial("plink2_reads_the_same_values", "rice44k_374", &["plink2", "gunzip"], plink),
        trial("damaged_reads_are_refused_in_one_line", set, &["zcat"], damaged_reads),
        trial("a_killed_run_leaves_no_output", set, &["zcat"], killed),
    ]
}

fn reference(bench: &Bench) -> (String, String) {
    let bases = bench.run("zcat", &bench.data("na12878_chr20_10mb/ref.fa.gz"));
    std::fs::write(bench.path("ref.fa"), bases).unwrap();
    bench.landrace("index ref.fa");
    let reads = |mate| bench.data(&format!("na12878_chr20_10mb/NA12878_R{mate}.fastq.gz"));
    (reads(1), reads(2))
}

fn aligned(bench: &Bench) {
    let (first, second) = reference(bench);
    bench.landrace(&format!("align ref.fa {first} {second} --sample NA12878 -o x.bam"));
}

fn valid_bam(bench: &Bench) {
    aligned(bench);
    bench.run("samtools", "quickcheck -v x.bam");
    assert_eq!(bench.run("samtools", "view -c -F 2304 x.bam").trim(), "51678");
    bench.run("PicardCommandLine", "ValidateSamFile I=x.bam R=ref.fa MODE=SUMMARY IGNORE_WARNINGS=true");
    let by_region = bench.run("samtools", "view -c x.bam chr20slice:150001-150100");
    assert!(by_region.trim().parse::<u32>().unwrap() > 20, "{by_region}");
}

fn duplicates(bench: &Bench) {
    aligned(bench);
    bench.run("samtools", "view -b --remove-flags 1024 -o plain.bam x.bam");
    bench.run("PicardCommandLine", "MarkDuplicates I=plain.bam O=theirs.bam M=metrics.txt");
    let flagged = |file| {
        let rows = bench.run("samtools", &format!("view -f 1024 {file}"));
        let mut names: Vec<String> =
            rows.lines().map(|row| row.split('\t').take(4).collect::<Vec<_>>().join(" ")).collect();
        names.sort();
        names
    };
    let ours = flagged("x.bam");
    assert!(ours.len() > 100, "{} duplicates", ours.len());
    assert_eq!(ours, flagged("theirs.bam"));
}

fn same_bytes(bench: &Bench) {
    let (first, second) = reference(bench);
    let bytes = |name: &str| std::fs::read(bench.path(name)).unwrap();
    for (name, flags) in [("one", "-t 1"), ("two", "-t 2"), ("small", "-t 2 --memory 64M")] {
        bench.landrace(&format!("align ref.fa {first} {second} --sample NA12878 {flags} -o {name}.bam"));
        bench.landrace(&format!(
            "call ref.fa one.bam {} -o {name}.bcf",
            flags.split(" --memory").next().unwrap()
        ));
        for end in ["bam", "bam.csi", "bam.summary.json", "bcf", "bcf.csi"] {
            assert!(
                bytes(&format!("one.{end}")) == bytes(&format!("{name}.{end}")),
                "{flags}: {end} differs"
            );
        }
    }
}

fn by_region(bench: &Bench) {
    aligned(bench);
    bench.landrace("call ref.fa x.bam -o whole.bcf");
    let regions = ["chr20slice:1-123456", "chr20slice:123457-123999", "chr20slice:124000-300000"];
    let rows = |file: &str| bench.run("bcftools", &format!("view -H {file}"));
    let mut joined = String::new();
    for (index, region) in regions.iter().enumerate() {
        bench.landrace(&format!("call ref.fa x.bam --region {region} -o part{index}.bcf"));
        joined += &rows(&format!("part{index}.bcf"));
    }
    assert_eq!(joined, rows("whole.bcf"));
}

fn long_contig(bench: &Bench) {
    let text = "##fileformat=VCFv4.3\n##contig=<ID=chr1,length=800000000>\n\
        ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\n\
        chr1\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1\nchr1\t700000000\t.\tA\tC\t.\t.\t.\tGT\t1/1\n";
    std::fs::write(bench.path("x.vcf"), text).unwrap();
    for name in ["y.bcf", "y.vcf.gz"] {
        bench.landrace(&format!("convert x.vcf -o {name}"));
        let found = bench.run("bcftools", &format!("query -f %POS\\n -r chr1:699999990-700000010 {name}"));
        assert_eq!(found.trim(), "700000000");
    }
}

fn plink(bench: &Bench) {
    for end in ["bed", "bim", "fam"] {
        let packed = bench.data(&format!("rice44k_374/rice44k.{end}.gz"));
        let name = format!("rice.{end}.gz");
        std::fs::write(bench.path(&name), std::fs::read(packed).unwrap()).unwrap();
        bench.run("gunzip", &name);
    }
    bench.landrace("convert rice.bed -o ours.vcf.gz");
    bench.landrace("convert ours.vcf.gz -o back.bed");
    let counts = |input: &str, out: &str| {
        bench.run("plink2", &format!("{input} --allow-extra-chr --geno-counts cols=chrom,pos,ref,alt,homref,refalt,homalt1,missing --out {out}"));
        std::fs::read_to_string(bench.path(&format!("{out}.gcount"))).unwrap()
    };
    let theirs = counts("--bfile rice", "theirs");
    assert_eq!(theirs, counts("--bfile back", "ours"));
}

fn damaged_reads(bench: &Bench) {
    let (first, second) = reference(bench);
    let whole = std::fs::read(&first).unwrap();
    std::fs::write(bench.path("cut.fastq.gz"), &whole[..whole.len() / 2]).unwrap();
    let text = bench.run("zcat", &first);
    let lines: Vec<&str> = text.lines().collect();
    let put = |name: &str, lines: &[&str]| std::fs::write(bench.path(name), lines.join("\n") + "\n").unwrap();
    put("short.fastq", &lines[..lines.len() - 4]);
    put("half.fastq", &lines[..lines.len() - 2]);
    let (mut uneven, short) = (lines.clone(), &lines[3][1..]);
    uneven[3] = short;
    put("uneven.fastq", &uneven);
    put("empty.fastq", &[]);
    std::fs::write(bench.path("empty.fastq"), "").unwrap();
    for (reads, words) in [
        (format!("cut.fastq.gz {second}"), "cut short or damaged"),
        (format!("short.fastq {second}"), "short.fastq ends before"),
        (format!("half.fastq {second}"), "the record is cut short"),
        (format!("uneven.fastq {second}"), "qualities for 101 bases"),
        (format!("missing.fastq {second}"), "no such file"),
        ("empty.fastq".to_owned(), "empty.fastq: holds no read"),
    ] {
        let message = bench.landrace_fails(&format!("align ref.fa {reads} --sample A -o y.bam"));
        assert!(message.contains(words), "{reads}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

fn killed(bench: &Bench) {
    let (first, second) = reference(bench);
    let args = "align ref.fa - --interleaved --sample A -o y.bam";
    let mut child = Command::new(env!("CARGO_BIN_EXE_landrace"))
        .args(args.split(' '))
        .current_dir(bench.path(""))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // Half of the reads arrive, then the process is killed while it waits for more.
    let text = bench.run("zcat", &first);
    let half: String = text.lines().take(4_000).map(|line| format!("{line}\n")).collect();
    child.stdin.as_mut().unwrap().write_all(half.as_bytes()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bench.path("y.bam").exists());
    bench.landrace(&format!("align ref.fa {first} {second} --sample A -o y.bam"));
    assert!(bench.path("y.bam").exists() && bench.path("y.bam.csi").exists());
}
