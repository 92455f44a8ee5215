//! What a person sees of a run: the dry run's table, a bar on a terminal, sparse lines in a log.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use landrace_genome::file;
use landrace_workflow::assess::{StepVerdicts, Verdict};
use landrace_workflow::local::{Event, Options, Outcome};
use landrace_workflow::workflow::format_bytes;
use landrace_workflow::{Plan, RunFolder, published};

use crate::progress::Progress;

/// Lines of a failed task's log that are shown.
const TAIL: usize = 10;
/// Slots named for each reason.
const NAMED: usize = 3;
/// Least time between two lines of progress in a log.
const PAUSE: Duration = Duration::from_secs(20);

/// Writes for each step what will run and why.
pub(crate) fn write_verdicts(plan: &Plan, steps: &[StepVerdicts]) -> anyhow::Result<()> {
    let mut out = file::create("-")?;
    let all = || steps.iter().flat_map(|step| &step.tasks);
    let to_run = all().filter(|(_, verdict)| matches!(verdict, Verdict::Run(_))).count();
    let done = all().filter(|(_, verdict)| *verdict == Verdict::Current).count();
    writeln!(out, "{}: {to_run} to run, {done} done", plan.workflow)?;
    let width = steps.iter().map(|step| step.step.len()).max().unwrap_or(0);
    for step in steps {
        for line in step_lines(step) {
            writeln!(out, "  {:width$}  {line}", step.step)?;
        }
    }
    out.finish()?;
    Ok(())
}

/// One line a verdict: how many of the tasks, and the first of their names.
fn step_lines(step: &StepVerdicts) -> Vec<String> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (slot, verdict) in &step.tasks {
        let text = verdict.to_string();
        let group = *known.entry(text.clone()).or_insert_with(|| {
            groups.push((text, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(slot);
    }
    let total = step.tasks.len();
    let line = |(text, slots): (String, Vec<&str>)| match slots.len() {
        _ if total == 1 => text,
        count if count == total => format!("{text} ({count} tasks)"),
        count => {
            let more = if count > NAMED { ", ..." } else { "" };
            format!("{text} ({count} of {total} tasks: {}{more})", slots[..count.min(NAMED)].join(", "))
        }
    };
    groups.into_iter().map(line).collect()
}

/// Shows a run as it goes.
pub(crate) struct View<'a> {
    progress: &'a Progress,
    state: Mutex<State>,
}

struct State {
    bar: Option<ProgressBar>,
    total: usize,
    done: usize,
    last: Instant,
}

impl<'a> View<'a> {
    /// A view of a run that has not started; says what it may use.
    pub(crate) fn new(progress: &'a Progress, plan: &Plan, options: &Options) -> Self {
        let most = plan.steps.iter().map(|step| step.needs.memory).max().unwrap_or(0);
        if most > options.memory {
            let (most, memory) = (format_bytes(most), format_bytes(options.memory));
            progress
                .note(&format!("a step asks for {most}, but the run has {memory}: it gets all of it, alone"));
        }
        let state = State { bar: None, total: 0, done: 0, last: Instant::now() };
        Self { progress, state: Mutex::new(state) }
    }

    /// Shows what happens.
    pub(crate) fn show(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            Event::Started { to_run, done } => {
                state.total = *to_run;
                self.progress.note(&format!("{to_run} tasks to run, {done} done before"));
                state.bar = (*to_run > 0).then(|| self.progress.bar("starting", *to_run as u64));
            }
            Event::TaskStarted { step, slot, attempt } => {
                let again = if *attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
                self.progress.detail(&format!("start {step} {slot}{again}"));
                if let Some(bar) = &state.bar {
                    bar.set_message(step.clone());
                }
            }
            Event::TaskDone { step, slot, is_reused } => {
                let how = if *is_reused { "same content as before" } else { "done" };
                self.progress.detail(&format!("{how}: {step} {slot}"));
                self.count(&mut state, step);
            }
            Event::TaskFailed { step, slot, message, log, is_retried } => {
                let again = if *is_retried { "; trying again" } else { "" };
                let log_lines = file::read_text(log).unwrap_or_default();
                let is_shown =
                    |line: &&str| !line.starts_with("error: ") || !line.ends_with(message.as_str());
                let tail: Vec<&str> = log_lines.lines().filter(is_shown).collect();
                let tail = tail[tail.len().saturating_sub(TAIL)..].iter().map(|line| format!("  | {line}\n"));
                let text = tail.collect::<String>();
                self.progress.note(&format!(
                    "failed: {step} {slot}: {message}{again}\n{text}  log: {}",
                    log.display()
                ));
            }
        }
    }

    fn count(&self, state: &mut State, step: &str) {
        state.done += 1;
        if let Some(bar) = &state.bar {
            bar.set_position(state.done as u64);
        }
        let is_due = state.last.elapsed() > PAUSE || state.done == state.total;
        let is_shown = state.bar.as_ref().is_some_and(|bar| !bar.is_hidden());
        if is_due && !is_shown {
            state.last = Instant::now();
            self.progress.note(&format!("{} of {} tasks done ({step})", state.done, state.total));
        }
    }

    /// Says how the run ended and where to look.
    pub(crate) fn end(&self, outcome: Outcome, plan: &Plan, folder: &RunFolder) {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bar) = &state.bar {
            bar.finish_and_clear();
        }
        match outcome {
            Outcome::Done => {
                for path in published(plan, folder) {
                    self.progress.note(&format!("result: {}", shown(&path)));
                }
                let report = folder.path().join("report.html");
                if report.is_file() {
                    self.progress.note(&format!("look at: {}", shown(&report)));
                }
            }
            Outcome::Failed { failed, not_started } => {
                let tasks = if failed == 1 { "task" } else { "tasks" };
                self.progress.note(&format!(
                    "{failed} {tasks} failed, {not_started} not started; put right what is wrong and run again: what \
                     is done is kept"
                ));
            }
            Outcome::Interrupted => {
                self.progress.note("interrupted; run again to go on: what is done is kept");
            }
        }
    }
}

/// A path as short as it can be written from here.
fn shown(path: &std::path::Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    short.unwrap_or(path).display().to_string()
}
