//! Whole runs of workflows of small scripts: taken up after a kill, ended by a signal, re-run by content.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may read anything and fail anywhere"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const FLOW: &str = r#"landrace = "1"
[workflow]
name = "demo"
[inputs]
samples = { type = "sheet", required = ["sample", "fastq_1"] }
reference = { type = "fasta" }
[scatter]
sample = { over = "samples.sample" }
region = { over = "reference", window = "10b" }
[[step]]
id = "align"
run = ["./align.sh", "{sample}", "{in.reference}", "{out}"]
out = "reads.txt"
per = ["sample"]
in = { reference = "reference", reads = "samples" }
[[step]]
id = "call"
run = ["cat", "{in}"]
out = "calls.txt"
stdout = "out"
per = ["region"]
in = { alignments = "align.*" }
[[step]]
id = "panel"
run = ["cat", "{in}"]
out = "panel.txt"
stdout = "out"
in = { calls = "call.*" }
publish = "panel"
"#;

/// Writes what it is given; sleeps, waits for a file or fails as the sample's name says.
const ALIGN: &str = r#"#!/bin/sh
set -e
echo "aligning $1"
echo $$ >> "$PIDS"
case "$1" in
  slow*) sleep 30 ;;
  bad*) echo "cannot align $1" >&2; exit 7 ;;
  once*) if [ ! -e "$PIDS.$1" ]; then touch "$PIDS.$1"; exit 9; fi ;;
esac
cat "$2" > "$3"
echo "$1" >> "$3"
"#;

/// A folder with a workflow, its script, a genome and reads.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(samples: &[&str]) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.put("flow.toml", FLOW);
        desk.put("align.sh", ALIGN);
        fs::set_permissions(desk.path("align.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        desk.put("genome.fa", ">a\nACGTACGTACGTACG\n>b\nAC\n>c\nACGT\n");
        desk.set_samples(samples);
        desk
    }

    fn set_samples(&self, samples: &[&str]) {
        let mut sheet = "sample\tfastq_1\n".to_owned();
        for sample in samples {
            self.put(&format!("{sample}.fq"), &format!("@{sample}\nACGT\n+\nIIII\n"));
            sheet += &format!("{sample}\t{sample}.fq\n");
        }
        self.put("samples.tsv", &sheet);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, extra: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landrace"));
        command.args(["run", "flow.toml", "--samples", "samples.tsv", "--reference", "genome.fa"]);
        for default in [["-o", "run"], ["-t", "2"]] {
            if !extra.contains(&default[0]) {
                command.args(default);
            }
        }
        command.args(extra).current_dir(self.folder.path()).env("PIDS", self.path("pids"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, extra: &[&str]) -> (i32, String) {
        let output = self.command(extra).output().unwrap();
        (output.status.code().unwrap(), text(&output))
    }

    /// How often each task was started so far, by step and slot.
    fn starts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in fs::read_to_string(self.path("run/events.jsonl")).unwrap_or_default().lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            if event["event"] == "task" {
                let name = format!("{} {}", event["step"].as_str().unwrap(), event["slot"].as_str().unwrap());
                *counts.entry(name).or_default() += 1;
            }
        }
        counts
    }

    /// Tasks that were started since an earlier count.
    fn started_since(&self, before: &BTreeMap<String, usize>) -> Vec<String> {
        let now = self.starts();
        now.into_iter()
            .filter(|(name, count)| before.get(name) != Some(count))
            .map(|(name, _)| name)
            .collect()
    }

    /// Starts a run and waits until these samples are aligned and the slow one is under way.
    fn start_until_slow(&self, done: &[&str]) -> Child {
        let child = self.command(&[]).spawn().unwrap();
        wait_for(|| {
            let are_done = done
                .iter()
                .all(|sample| self.path(&format!("run/work/align/{sample}/.record.json")).exists());
            let pids = fs::read_to_string(self.path("pids")).unwrap_or_default();
            are_done && pids.lines().count() > done.len()
        });
        child
    }

    /// Programs of the workflow that live.
    fn living(&self) -> usize {
        let pids = fs::read_to_string(self.path("pids")).unwrap_or_default();
        pids.lines().filter(|pid| is_alive(pid)).count()
    }

    /// What killed tasks may leave: folders and files that have not got their names.
    fn leftovers(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.path("run"), &mut |path| {
            let name = path.file_name().unwrap().to_string_lossy();
            if name.starts_with(".part-") || name.ends_with(".partial") {
                found.push(path.to_owned());
            }
        });
        found
    }
}

fn is_alive(pid: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z ")
}

fn text(output: &Output) -> String {
    [output.stdout.as_slice(), output.stderr.as_slice()]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

fn wait_for(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "it did not happen within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        visit(&entry.path());
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), visit);
        }
    }
}

#[expect(unsafe_code, reason = "kill is a system call")]
fn signal(child: &Child, signal: i32) {
    // SAFETY: kill takes two numbers.
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), signal) };
}

#[test]
fn a_killed_run_leaves_no_program_behind_and_is_taken_up() {
    let desk = Desk::new(&["a", "slow", "b"]);
    let mut child = desk.start_until_slow(&["a", "b"]);
    signal(&child, libc::SIGKILL);
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
    wait_for(|| desk.living() == 0);
    assert!(!desk.path("run/work/align/slow/reads.txt").exists());

    desk.put("align.sh", &ALIGN.replace("sleep 30", "sleep 0"));
    let (code, said) = desk.run(&["-n"]);
    assert_eq!(code, 0);
    // The script is part of the key: with another one, all would run.
    assert!(said.contains("changed: script (2 of 3 tasks: a, b)"), "{said}");
    desk.put("align.sh", ALIGN);
    desk.put("flow.toml", &FLOW.replace("out = \"reads.txt\"", "out = \"reads.txt\"\ntime = \"1s\""));
    let before = desk.starts();
    let (code, said) = desk.run(&[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("'align.sh' took longer than the 1 s that the step allows"), "{said}");
    assert_eq!(desk.started_since(&before), ["align slow"], "what was done is not done again");
    assert_eq!(desk.leftovers(), Vec::<PathBuf>::new());
    wait_for(|| desk.living() == 0);
}

#[test]
fn a_run_killed_in_the_middle_ends_equal_to_one_that_was_not() {
    let samples = ["a", "b", "c", "d", "e", "f"];
    let (whole, cut) = (Desk::new(&samples), Desk::new(&samples));
    assert_eq!(whole.run(&[]).0, 0);
    for delay in [150, 300, 450] {
        let mut child = cut.command(&[]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let (code, said) = cut.run(&[]);
    assert_eq!(code, 0, "{said}");
    let result = |desk: &Desk| fs::read(desk.path("run/results/panel/panel.txt")).unwrap();
    assert_eq!(result(&whole), result(&cut));
    // A task that outlives its killed run by a moment still tidies up after itself.
    wait_for(|| cut.leftovers().is_empty());
    assert!(cut.run(&[]).1.contains("0 tasks to run"));
}

#[test]
fn an_interrupted_run_ends_its_programs_and_says_130() {
    let desk = Desk::new(&["a", "slow"]);
    let child = desk.start_until_slow(&["a"]);
    signal(&child, libc::SIGINT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(text(&output).contains("interrupted; run again to go on"), "{}", text(&output));
    wait_for(|| desk.living() == 0);
    assert_eq!(desk.leftovers(), Vec::<PathBuf>::new());
    assert!(desk.path("run/work/align/a/.record.json").exists());
}

#[test]
fn a_second_run_in_the_same_folder_is_refused() {
    let desk = Desk::new(&["slow"]);
    let mut child = desk.start_until_slow(&[]);
    let (code, said) = desk.run(&[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("another landrace runs in this folder; wait for it to end"), "{said}");
    signal(&child, libc::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_failed_task_shows_its_log_and_the_others_go_on_only_if_asked() {
    let desk = Desk::new(&["bad", "a", "b", "c", "d"]);
    let (code, said) = desk.run(&["-t", "1"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("failed: align bad: 'align.sh' failed with exit code 7"), "{said}");
    assert!(said.contains("| cannot align bad") && said.contains("logs/align/bad.1.log"), "{said}");
    assert!(!desk.starts().contains_key("align d"), "nothing new is started");

    let (code, _) = desk.run(&["--keep-going"]);
    assert_eq!(code, 1);
    assert!(desk.path("run/work/align/d/.record.json").exists());
    assert!(!desk.starts().contains_key("panel all"), "what takes from it is not started");
}

#[test]
fn a_task_is_tried_again_as_often_as_its_step_says() {
    let desk = Desk::new(&["once"]);
    desk.put("flow.toml", &FLOW.replace("out = \"reads.txt\"", "out = \"reads.txt\"\nretries = 1"));
    let (code, said) = desk.run(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("failed: align once: 'align.sh' failed with exit code 9; trying again"), "{said}");
    assert_eq!(desk.starts()["align once"], 2);
}

#[test]
fn only_what_changed_and_what_depends_on_it_runs() {
    let desk = Desk::new(&["a", "b"]);
    assert_eq!(desk.run(&[]).0, 0);
    let all_later = ["call a:1-10", "call a:11-15", "call b+1", "panel all"];

    let before = desk.starts();
    desk.set_samples(&["a", "b", "c"]);
    assert_eq!(desk.run(&[]).0, 0);
    assert_eq!(desk.started_since(&before), [&["align c"], all_later.as_slice()].concat(), "a new sample");

    let before = desk.starts();
    desk.put(
        "flow.toml",
        &FLOW.replace(
            "run = [\"cat\", \"{in}\"]\nout = \"calls",
            "run = [\"cat\", \"-u\", \"{in}\"]\nout = \"calls",
        ),
    );
    assert_eq!(desk.run(&[]).0, 0);
    // The calls come out the same, so that the panel is looked at again and kept.
    let reused = fs::read_to_string(desk.path("run/events.jsonl")).unwrap();
    assert!(reused.lines().last().unwrap().contains("ended"));
    assert!(reused.lines().rev().nth(1).unwrap().contains("\"reused\":true"), "{reused}");
    assert_eq!(desk.started_since(&before), all_later, "a changed argument");

    let before = desk.starts();
    fs::remove_file(desk.path("run/work/call/b+1/calls.txt")).unwrap();
    assert!(desk.run(&["-n"]).1.contains("run: calls.txt is gone (1 of 3 tasks: b+1)"));
    assert_eq!(desk.run(&[]).0, 0);
    assert_eq!(desk.started_since(&before), ["call b+1", "panel all"], "a lost file");

    let before = desk.starts();
    fs::write(desk.path("b.fq"), "@b\nTTTT\n+\nIIII\n").unwrap();
    assert!(desk.run(&["-n"]).1.contains("run: changed: content of 'reads' (1 of 3 tasks: b)"));
    assert_eq!(desk.run(&["--until", "align"]).0, 0);
    assert_eq!(desk.started_since(&before), ["align b"], "other reads");
}

#[test]
fn a_table_beside_a_bed_counts_as_its_content() {
    let desk = Desk::new(&[]);
    for ending in ["bed", "bim", "fam"] {
        desk.put(&format!("panel.{ending}"), "first\n");
    }
    desk.put(
        "set.toml",
        "landrace = \"1\"\n[workflow]\nname = \"set\"\n[inputs]\ngenotypes = { type = \"file\" }\n[[step]]\n\
         id = \"copy\"\nrun = [\"cp\", \"{in.genotypes}\", \"{out}\"]\nout = \"copy.bed\"\n\
         in = { genotypes = \"genotypes\" }\n",
    );
    let run = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landrace"));
        command.args(["run", "set.toml", "--input", "genotypes=panel.bed", "-o", "run"]).args(extra);
        text(&command.current_dir(desk.folder.path()).output().unwrap())
    };
    run(&[]);
    let before = desk.starts();
    desk.put("panel.fam", "second\n");
    assert!(run(&["-n"]).contains("run: changed: content of 'genotypes'"));
    run(&[]);
    assert_eq!(desk.started_since(&before), ["copy all"], "another table of samples");
}

#[test]
fn keys_do_not_depend_on_folders_names_or_cores() {
    let keys = |desk: &Desk| {
        let mut keys = BTreeMap::new();
        let root = desk.path("run/work");
        walk(&root, &mut |path| {
            if path.ends_with(".record.json") {
                let record: serde_json::Value =
                    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
                keys.insert(path.strip_prefix(&root).unwrap().to_owned(), record["key"].clone());
            }
        });
        keys
    };
    let (here, there) = (Desk::new(&["a", "b"]), Desk::new(&["a", "b"]));
    fs::rename(there.path("a.fq"), there.path("renamed.fq")).unwrap();
    there.put("samples.tsv", "sample\tfastq_1\na\trenamed.fq\nb\tb.fq\n");
    assert_eq!(here.run(&["-t", "1"]).0, 0);
    assert_eq!(there.run(&["-t", "2", "--memory", "1G"]).0, 0);
    assert_eq!(keys(&here).len(), 6);
    assert_eq!(keys(&here), keys(&there));
}

#[test]
fn a_folder_of_other_things_is_left_alone() {
    let desk = Desk::new(&["a"]);
    let (code, said) = desk.run(&["-o", "."]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains(".: is not empty and no run folder; give a new folder with -o"), "{said}");
}
