use super::*;

const GOOD: &str = r#"landrace = "1"
[workflow]
name = "demo"
[inputs]
samples = { type = "sheet", required = ["sample", "fastq_1"] }
reference = { type = "fasta" }
[scatter]
sample = { over = "samples.sample" }
region = { over = "reference", window = "5Mb" }
[[step]]
id = "align"
uses = "align"
per = ["sample"]
in = { reference = "reference", reads = "samples" }
cpus = 4
mem = "6G"
[[step]]
id = "call"
run = ["tool", "{in}", "{out}"]
out = "calls.bcf"
per = ["region"]
in = { alignments = "align.*" }
"#;

fn message(from: &str, to: &str) -> String {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD, "the replaced text is there");
    Workflow::parse(&text, Path::new("demo.toml")).unwrap_err().to_string()
}

#[test]
fn reads_a_workflow() {
    let workflow = Workflow::parse(GOOD, Path::new("demo.toml")).unwrap();
    let align = workflow.step("align").unwrap();
    assert_eq!(align.needs, Needs { cpus: 4, memory: 6 << 30, seconds: 0 });
    assert_eq!(align.inputs["reads"], [Binding::Input("samples".into())]);
    assert_eq!(workflow.step("call").unwrap().inputs["alignments"], [Binding::Gather("align".into())]);
    assert_eq!(
        workflow.scatters["region"],
        Scatter::Regions { input: "reference".into(), window: 5_000_000 }
    );
}

#[test]
fn errors_name_the_line_and_the_nearest_word() {
    let cases = [
        (
            "cpus = 4",
            "cpu = 4",
            "demo.toml: line 15: unknown key 'cpu' in step 'align'; did you mean 'cpus'?",
        ),
        (
            "cpus = 4",
            "cpus = \"4\"",
            "line 15: 'cpus' in step 'align': expected a whole number from 1 on, found \"4\"",
        ),
        (
            "mem = \"6G\"",
            "mem = \"6 apples\"",
            "line 16: 'mem' in step 'align': cannot read '6 apples'; write it as in \"6G\"",
        ),
        (
            "align.*",
            "align",
            "line 22: 'alignments' in the 'in' of step 'call': step 'align' runs per sample; write \"align.*\"",
        ),
        ("align.*", "alin.*", "there is no input and no earlier step 'alin'; did you mean 'align'?"),
        (
            "[\"region\"]",
            "[\"regoin\"]",
            "line 21: 'per' in step 'call': there is no scatter 'regoin'; did you mean 'region'?",
        ),
        ("\"tool\", \"{in}\"", "\"sh\", \"-c\"", "there is no shell in a workflow"),
        ("id = \"call\"", "id = \"align\"", "line 18: 'id' in [[step]]: the name 'align' is taken"),
        (
            "landrace = \"1\"",
            "landrace = \"9\"",
            "line 1: 'landrace' in the workflow file: this Landrace reads format \"1\"",
        ),
        (
            "window = \"5Mb\"",
            "windw = \"5Mb\"",
            "line 9: unknown key 'windw' in scatter 'region'; did you mean 'window'?",
        ),
        (
            "type = \"fasta\"",
            "type = \"fa\"",
            "line 6: 'type' in input 'reference': unknown type 'fa'; known are sheet",
        ),
        ("name = \"demo\"", "name = ", "line 3: this is not TOML"),
        ("out = \"calls.bcf\"\n", "", "step 'call' has no 'out'"),
        ("uses = \"align\"\n", "", "step 'align': say what it runs"),
    ];
    for (from, to, expected) in cases {
        let found = message(from, to);
        assert!(found.contains(expected), "{found}\nlacks\n{expected}");
    }
}
