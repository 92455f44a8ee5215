use std::path::Path;

use super::*;
use crate::catalogue::{Catalogue, Command, Make, Sheet, Take};
use crate::workflow::Workflow;

/// A catalogue of two commands, a genome of two contigs and a sheet of three rows.
struct Fake {
    commands: Vec<Command>,
    sheet: Sheet,
}

const FLOW: &str = r#"landrace = "1"
[workflow]
name = "demo"
[inputs]
samples = { type = "sheet", required = ["sample", "fastq_1"] }
reference = { type = "fasta" }
[scatter]
sample = { over = "samples.sample" }
region = { over = "reference", window = "1kb" }
[[step]]
id = "map"
uses = "align"
per = ["sample"]
in = { reference = "reference", reads = "samples" }
args = { min-quality = 20, strict = true, tag = ["a", "{b}"] }
mem = "1G"
[[step]]
id = "call"
uses = "call"
per = ["region"]
in = { alignments = "map.*" }
"#;

fn command(name: &'static str, inputs: Vec<Take>, flags: &[&str]) -> Command {
    let makes = Make::File { flag: "-o", extension: ".out" };
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    Command { name, version: 3, inputs, makes, regions_flag: Some("--regions"), flags }
}

impl Fake {
    fn new() -> Self {
        let reads = Take::flag("reads", "--samples").required().of_columns(&["sample", "fastq_1"]);
        let align = vec![Take::positional("reference"), reads];
        let flags = ["--threads", "--memory", "--min-quality", "--strict", "--tag"];
        let commands =
            vec![command("align", align, &flags), command("call", vec![Take::positional("alignments")], &[])];
        let own = std::env::current_exe().unwrap().display().to_string();
        let row = |number, sample: &str| (number, vec![sample.to_owned(), own.clone()]);
        let columns = vec!["sample".to_owned(), "fastq_1".to_owned()];
        let rows = vec![row(2, "a"), row(3, "b"), row(4, "a")];
        Self { commands, sheet: Sheet { columns, file_columns: vec!["fastq_1".to_owned()], rows } }
    }

    fn plan(&self, text: &str, settings: &[(&str, &str, &str)]) -> Result<Plan, String> {
        let workflow = Workflow::parse(text, Path::new("demo.toml")).map_err(|error| error.to_string())?;
        let own = std::env::current_exe().unwrap();
        let files = BTreeMap::from([("samples".to_owned(), own.clone()), ("reference".to_owned(), own)]);
        let owned = |&(a, b, c): &(&str, &str, &str)| (a.to_owned(), b.to_owned(), c.to_owned());
        let given = Given { files, settings: settings.iter().map(owned).collect() };
        Plan::of(&workflow, &given, self).map_err(|error| error.to_string())
    }
}

impl Catalogue for Fake {
    fn commands(&self) -> &[Command] {
        &self.commands
    }

    fn contigs(&self, _: &Path) -> Result<Vec<(String, u64)>, String> {
        Ok(vec![("chr1".into(), 1_500), ("chr2".into(), 10)])
    }

    fn sheet(&self, _: &Path) -> Result<Sheet, String> {
        Ok(self.sheet.clone())
    }

    fn check(&self, words: &[String]) -> Result<(), String> {
        if words.iter().any(|word| word == "99") { Err("99 is too much".to_owned()) } else { Ok(()) }
    }

    fn program(&self) -> PathBuf {
        "landrace".into()
    }
}

#[test]
fn a_step_becomes_the_words_of_its_command() {
    let plan = Fake::new().plan(FLOW, &[]).unwrap();
    let words = plan.steps[0].words.join(" ");
    let expected = "{landrace} align {in.reference} --samples {in.reads} --min-quality 20 --strict --tag a \
                    --tag {{b}} --threads {cpus} --memory {memory} -o {out}";
    assert_eq!(words, expected);
    assert_eq!(plan.steps[1].words.join(" "), "{landrace} call {in.alignments} --regions {regions} -o {out}");
    assert_eq!(plan.steps[0].tool, "align 3");
}

#[test]
fn slots_gather_what_agrees_with_them() {
    let plan = Fake::new().plan(FLOW, &[]).unwrap();
    let (map, call) = (&plan.steps[0], &plan.steps[1]);
    let names: Vec<String> = plan.slots(call).iter().map(|slot| plan.slot_name(call, slot)).collect();
    assert_eq!(names, ["chr1_1-1000", "chr1_1001-1500", "chr2_1-10"]);
    let slot = plan.find_slot(call, "chr1:1001-1500").unwrap();
    let agreement = plan.agreement(call, &slot, map);
    assert_eq!(plan.agreeing(map, &agreement), plan.slots(map));
    let sample = plan.find_slot(map, "a").unwrap();
    assert_eq!(plan.sheet_rows(map, &sample, "samples").len(), 2);
}

#[test]
fn a_step_over_two_scatters_has_a_slot_for_each_pair() {
    let text = FLOW.replace("per = [\"region\"]", "per = [\"sample\", \"region\"]").replace("map.*", "map");
    let plan = Fake::new().plan(&text, &[]).unwrap();
    let call = &plan.steps[1];
    assert_eq!(plan.slots(call).len(), 6);
    let slot = plan.find_slot(call, "b,chr2_1-10").unwrap();
    let sources = plan.agreeing(&plan.steps[0], &plan.agreement(call, &slot, &plan.steps[0]));
    assert_eq!(sources, [Slot { at: vec![1] }]);
}

#[test]
fn mistakes_name_the_step_and_the_nearest_word() {
    let fake = Fake::new();
    let cases = [
        (
            "min-quality = 20",
            "min-qualty = 20",
            "demo.toml: line 11: step 'map': the command 'align' has no argument 'min-qualty'; did you mean 'min-quality'?",
        ),
        ("min-quality = 20", "min-quality = 99", "step 'map': 99 is too much"),
        ("min-quality = 20", "threads = 4", "'threads' is set by the run; use 'cpus'"),
        ("uses = \"align\"", "uses = \"algn\"", "there is no command 'algn'; did you mean 'align'?"),
        (", reads = \"samples\"", "", "the command 'align' needs 'reads'; add it to 'in'"),
        (
            "reads = \"samples\"",
            "read = \"samples\"",
            "the command 'align' takes no 'read'; did you mean 'reads'?",
        ),
        ("\"fastq_1\"]", "\"fastq_2\"]", "the sheet has no column 'fastq_2'; did you mean 'fastq_1'?"),
    ];
    for (from, to, expected) in cases {
        let found = fake.plan(&FLOW.replacen(from, to, 1), &[]).unwrap_err();
        assert!(found.contains(expected), "{found}\nlacks\n{expected}");
    }
    let found = fake.plan(FLOW, &[("cal", "x", "1")]).unwrap_err();
    assert!(found.contains("--set cal.x: there is no step 'cal'; did you mean 'call'?"), "{found}");
}

#[test]
fn a_missing_file_names_row_and_column() {
    let mut fake = Fake::new();
    fake.sheet.rows[1].1[1] = "/no/such/file.fq".to_owned();
    let found = fake.plan(FLOW, &[]).unwrap_err();
    assert!(found.contains("row 3, column 'fastq_1': /no/such/file.fq: no such file"), "{found}");
}

#[test]
fn a_setting_takes_the_place_of_the_file_s() {
    let plan = Fake::new().plan(FLOW, &[("map", "min-quality", "7"), ("map", "strict", "false")]).unwrap();
    assert!(plan.steps[0].words.join(" ").contains("--min-quality 7 --tag a"));
}

#[test]
fn the_plan_is_read_back_equal() {
    let plan = Fake::new().plan(FLOW, &[]).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

#[test]
fn a_wide_plan_is_quick_to_walk() {
    let mut fake = Fake::new();
    let own = fake.sheet.rows[0].1[1].clone();
    fake.sheet.rows = (0..3_000).map(|n| (n + 2, vec![format!("s{n}"), own.clone()])).collect();
    let plan = fake.plan(FLOW, &[]).unwrap();
    let (map, call) = (&plan.steps[0], &plan.steps[1]);
    let agreements: std::collections::BTreeSet<_> =
        plan.slots(call).iter().map(|slot| plan.agreement(call, slot, map)).collect();
    assert_eq!(agreements.len(), 1, "all regions share one gather of the samples");
}
