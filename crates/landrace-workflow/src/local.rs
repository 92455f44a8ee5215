//! Running a plan on this machine: child processes, and tokens for cores and memory.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use landrace_genome::file::{self, FileError};
use serde_json::json;

use crate::assess::{Verdict, Wanted, assess_with};
use crate::folder::{RunFolder, sweep};
use crate::interrupt::{self, Watched};
use crate::key::Keys;
use crate::plan::{Agreement, Plan, Slot};
use crate::publish;
use crate::record::{Cause, Failure};
use crate::workflow::Needs;

/// How a plan is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Cores for all tasks together.
    pub cpus: u32,
    /// Memory for all tasks together, in bytes.
    pub memory: u64,
    /// Whether other tasks go on after one has failed.
    pub keeps_going: bool,
    /// Which part of the plan.
    pub wanted: Wanted,
}

/// What happens during a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The run starts.
    Started {
        /// Tasks that will run.
        to_run: usize,
        /// Tasks that are done already.
        done: usize,
    },
    /// A task starts.
    TaskStarted {
        /// The step.
        step: String,
        /// The slot, as people write it.
        slot: String,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// A task is done.
    TaskDone {
        /// The step.
        step: String,
        /// The slot, as people write it.
        slot: String,
        /// Whether its earlier outputs turned out to be right.
        is_reused: bool,
    },
    /// A task failed.
    TaskFailed {
        /// The step.
        step: String,
        /// The slot, as people write it.
        slot: String,
        /// What happened.
        message: String,
        /// Its log.
        log: std::path::PathBuf,
        /// Whether it is tried again.
        is_retried: bool,
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was asked for is there.
    Done,
    /// Tasks failed, or were not started because of that.
    Failed {
        /// Tasks that failed.
        failed: usize,
        /// Tasks that were not started.
        not_started: usize,
    },
    /// It was ended by a signal.
    Interrupted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
    NotWanted,
}

/// A task of the run.
struct Job {
    step: usize,
    slot: Slot,
    state: State,
    /// Groups of tasks that it still waits for.
    waits_for: usize,
    attempt: u32,
    needs: Needs,
    is_forced: bool,
}

/// Tasks that others take from together.
#[derive(Default)]
struct Group {
    left: usize,
    dependents: Vec<usize>,
}

struct Report {
    job: usize,
    result: Result<bool, Failure>,
}

/// What a worker thread shares with the others.
#[derive(Clone, Copy)]
struct Shared<'a> {
    plan: &'a Plan,
    folder: &'a RunFolder,
    keys: &'a Keys<'a>,
}

struct Local<'a> {
    shared: Shared<'a>,
    options: &'a Options,
    watch: &'a dyn Fn(&Event),
    jobs: Vec<Job>,
    groups: Vec<Group>,
    /// Groups that a job is a member of.
    memberships: Vec<Vec<usize>>,
    ready: std::collections::BTreeSet<usize>,
    free: Needs,
    running: usize,
    failed: usize,
}

/// Runs what is wanted of a plan. The caller holds the folder's lock. `watch` is told what happens.
///
/// # Errors
/// Returns an error if the run folder cannot be written; a failed task is an [`Outcome`].
pub fn run(
    plan: &Plan,
    folder: &RunFolder,
    options: &Options,
    watch: &dyn Fn(&Event),
) -> Result<Outcome, FileError> {
    let keys = Keys::new(plan, folder)?;
    let verdicts = assess_with(plan, folder, &options.wanted, &keys);
    interrupt::watch();
    let free = Needs { cpus: options.cpus.max(1), memory: options.memory, seconds: 0 };
    let shared = Shared { plan, folder, keys: &keys };
    let mut local = Local {
        shared,
        options,
        watch,
        jobs: Vec::new(),
        groups: Vec::new(),
        memberships: Vec::new(),
        ready: std::collections::BTreeSet::new(),
        free,
        running: 0,
        failed: 0,
    };
    local.add_jobs(&verdicts);
    local.link();
    let count = |state| local.jobs.iter().filter(|job| job.state == state).count();
    let (to_run, done) = (count(State::Waiting), count(State::Done));
    local.tell(Event::Started { to_run, done })?;
    let outcome = std::thread::scope(|scope| local.drive(scope))?;
    publish::publish(plan, folder, &keys)?;
    local.note(&json!({ "event": "ended", "outcome": format!("{outcome:?}") }))?;
    Ok(outcome)
}

impl<'a> Local<'a> {
    fn add_jobs(&mut self, verdicts: &[Vec<Verdict>]) {
        for (number, (step, verdicts)) in self.shared.plan.steps.iter().zip(verdicts).enumerate() {
            let most = Needs { cpus: self.free.cpus, memory: self.options.memory, seconds: 0 };
            let needs = Needs {
                cpus: step.needs.cpus.min(most.cpus),
                memory: step.needs.memory.min(most.memory),
                seconds: step.needs.seconds,
            };
            for (slot, verdict) in self.shared.plan.slots(step).into_iter().zip(verdicts) {
                let state = match verdict {
                    Verdict::Current => State::Done,
                    Verdict::NotWanted => State::NotWanted,
                    Verdict::Run(_) => {
                        sweep(&self.shared.folder.slot(self.shared.plan, step, &slot));
                        State::Waiting
                    }
                };
                let is_forced = *verdict == Verdict::Run(crate::assess::Reason::Asked);
                self.jobs.push(Job { step: number, slot, state, waits_for: 0, attempt: 1, needs, is_forced });
            }
        }
    }

    /// Has each waiting task wait for the groups of tasks that it takes from.
    fn link(&mut self) {
        let plan = self.shared.plan;
        let mut members: HashMap<(usize, Slot), usize> = HashMap::new();
        for (index, job) in self.jobs.iter().enumerate() {
            members.insert((job.step, job.slot.clone()), index);
        }
        self.memberships = vec![Vec::new(); self.jobs.len()];
        let mut known: HashMap<(usize, Agreement), usize> = HashMap::new();
        for index in 0..self.jobs.len() {
            if self.jobs[index].state != State::Waiting {
                continue;
            }
            let step = &plan.steps[self.jobs[index].step];
            for id in step.inputs.values().flat_map(|take| &take.from).filter_map(|from| from.step()) {
                let Some((number, source)) = plan.step(id) else { continue };
                let agreement = plan.agreement(step, &self.jobs[index].slot, source);
                let group = *known.entry((number, agreement.clone())).or_insert_with(|| {
                    let slots = plan.agreeing(source, &agreement);
                    let waiting = slots.into_iter().filter_map(|slot| members.get(&(number, slot)).copied());
                    let waiting: Vec<usize> =
                        waiting.filter(|&other| self.jobs[other].state == State::Waiting).collect();
                    self.groups.push(Group { left: waiting.len(), dependents: Vec::new() });
                    waiting.iter().for_each(|&other| self.memberships[other].push(self.groups.len() - 1));
                    self.groups.len() - 1
                });
                if self.groups[group].left > 0 {
                    self.groups[group].dependents.push(index);
                    self.jobs[index].waits_for += 1;
                }
            }
            if self.jobs[index].waits_for == 0 {
                self.ready.insert(index);
            }
        }
    }

    fn drive<'scope>(&mut self, scope: &'scope std::thread::Scope<'scope, 'a>) -> Result<Outcome, FileError> {
        let (sender, receiver) = channel();
        loop {
            let is_over = interrupt::is_requested() || (self.failed > 0 && !self.options.keeps_going);
            if !is_over {
                self.start_ready(scope, &sender)?;
            }
            if self.running == 0 {
                break;
            }
            self.await_report(&receiver)?;
        }
        if interrupt::is_requested() {
            return Ok(Outcome::Interrupted);
        }
        let not_started = self.jobs.iter().filter(|job| job.state == State::Waiting).count();
        Ok(if self.failed > 0 || not_started > 0 {
            Outcome::Failed { failed: self.failed, not_started }
        } else {
            Outcome::Done
        })
    }

    /// Starts, in the plan's order, the ready tasks that fit into what is free.
    fn start_ready<'scope>(
        &mut self,
        scope: &'scope std::thread::Scope<'scope, 'a>,
        sender: &Sender<Report>,
    ) -> Result<(), FileError> {
        let fits = |job: &Job, free: &Needs| job.needs.cpus <= free.cpus && job.needs.memory <= free.memory;
        let mut starting = Vec::new();
        for &index in &self.ready {
            if self.free.cpus == 0 {
                break;
            }
            if fits(&self.jobs[index], &self.free) {
                self.free.cpus -= self.jobs[index].needs.cpus;
                self.free.memory -= self.jobs[index].needs.memory;
                starting.push(index);
            }
        }
        for index in starting {
            self.ready.remove(&index);
            self.running += 1;
            let (shared, sender) = (self.shared, sender.clone());
            let job = &mut self.jobs[index];
            job.state = State::Running;
            let (number, slot, needs, attempt) = (job.step, job.slot.clone(), job.needs, job.attempt);
            let may_reuse = !job.is_forced && attempt == 1;
            let (step, name) = self.names(index);
            self.tell(Event::TaskStarted { step, slot: name, attempt })?;
            scope.spawn(move || {
                let result = shared.attempt((number, &slot), needs, attempt, may_reuse);
                let _ = sender.send(Report { job: index, result });
            });
        }
        Ok(())
    }

    fn names(&self, index: usize) -> (String, String) {
        let job = &self.jobs[index];
        let step = &self.shared.plan.steps[job.step];
        (step.id.clone(), self.shared.plan.label(step, &job.slot))
    }

    fn await_report(&mut self, receiver: &Receiver<Report>) -> Result<(), FileError> {
        let Ok(Report { job: index, result }) = receiver.recv_timeout(Duration::from_millis(500)) else {
            return Ok(());
        };
        self.running -= 1;
        self.free.cpus += self.jobs[index].needs.cpus;
        self.free.memory += self.jobs[index].needs.memory;
        match result {
            Ok(is_reused) => self.finish(index, is_reused),
            Err(failure) => self.fail(index, failure),
        }
    }

    fn finish(&mut self, index: usize, is_reused: bool) -> Result<(), FileError> {
        self.jobs[index].state = State::Done;
        self.shared.keys.forget(self.jobs[index].step, &self.jobs[index].slot);
        for group in std::mem::take(&mut self.memberships[index]) {
            self.groups[group].left -= 1;
            if self.groups[group].left == 0 {
                for dependent in std::mem::take(&mut self.groups[group].dependents) {
                    self.jobs[dependent].waits_for -= 1;
                    if self.jobs[dependent].waits_for == 0 {
                        self.ready.insert(dependent);
                    }
                }
            }
        }
        let (step, slot) = self.names(index);
        self.tell(Event::TaskDone { step, slot, is_reused })
    }

    fn fail(&mut self, index: usize, failure: Failure) -> Result<(), FileError> {
        if interrupt::is_requested() {
            self.jobs[index].state = State::Waiting;
            return Ok(());
        }
        let (step, slot) = self.names(index);
        let planned = &self.shared.plan.steps[self.jobs[index].step];
        let folder = self.shared.plan.slot_name(planned, &self.jobs[index].slot);
        let log = self.shared.folder.log(&step, &folder, failure.attempt);
        let retries = planned.retries;
        let is_retried = self.jobs[index].attempt <= retries && failure.cause != Cause::Refused;
        if is_retried {
            let most = self.options.memory;
            let job = &mut self.jobs[index];
            job.attempt += 1;
            job.state = State::Waiting;
            match failure.cause {
                Cause::Killed => job.needs.memory = (job.needs.memory * 2).min(most),
                Cause::Time => job.needs.seconds *= 2,
                Cause::Refused | Cause::Other => {}
            }
            self.ready.insert(index);
        } else {
            self.jobs[index].state = State::Failed;
            self.failed += 1;
        }
        self.tell(Event::TaskFailed { step, slot, message: failure.message, log, is_retried })
    }

    fn tell(&self, event: Event) -> Result<(), FileError> {
        (self.watch)(&event);
        self.note(&match &event {
            Event::Started { to_run, done } => json!({ "event": "started", "to_run": to_run, "done": done }),
            Event::TaskStarted { step, slot, attempt } => {
                json!({ "event": "task", "step": step, "slot": slot, "attempt": attempt })
            }
            Event::TaskDone { step, slot, is_reused } => {
                json!({ "event": "done", "step": step, "slot": slot, "reused": is_reused })
            }
            Event::TaskFailed { step, slot, message, is_retried, .. } => {
                json!({ "event": "failed", "step": step, "slot": slot, "message": message, "retried": is_retried })
            }
        })
    }

    fn note(&self, event: &serde_json::Value) -> Result<(), FileError> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let mut event = event.clone();
        event["time"] = json!(since.as_secs());
        event["process"] = json!(std::process::id());
        self.shared.folder.note_event(&event)
    }
}

impl Shared<'_> {
    /// One attempt at a task; the answer says whether earlier outputs turned out to be right.
    fn attempt(
        self,
        (number, slot): (usize, &Slot),
        needs: Needs,
        attempt: u32,
        may_reuse: bool,
    ) -> Result<bool, Failure> {
        let step = &self.plan.steps[number];
        let place = self.folder.slot(self.plan, step, slot);
        let other = |message: String| Failure { message, attempt, cause: Cause::Other };
        let key = self.keys.of(step, slot).map_err(|error| other(error.to_string()))?;
        let earlier = self.keys.record(number, slot).filter(|_| may_reuse);
        if earlier.is_some_and(|record| record.key == key.digest && record.damaged(&place).is_none()) {
            return Ok(true);
        }
        let status = self.spawn((number, slot), needs, attempt).map_err(|error| other(error.to_string()))?;
        if status {
            return Ok(false);
        }
        let note = Failure::read(&place).filter(|failure| failure.attempt == attempt);
        Err(note.unwrap_or_else(|| Failure {
            message: "the task's process was killed".to_owned(),
            attempt,
            cause: Cause::Killed,
        }))
    }

    /// Starts `landrace task` with a log of its own and waits for it; says whether it did well.
    fn spawn(self, (number, slot): (usize, &Slot), needs: Needs, attempt: u32) -> Result<bool, FileError> {
        let step = &self.plan.steps[number];
        let name = self.plan.slot_name(step, slot);
        let log = self.folder.log(&step.id, &name, attempt);
        if let Some(parent) = log.parent() {
            file::create_directory(parent)?;
        }
        let _ = std::fs::remove_file(&log);
        let out = file::append(&log)?;
        let failed = |error: std::io::Error| FileError::new(&self.plan.program, &error);
        let errors = out.try_clone().map_err(failed)?;
        let mut command = Command::new(&self.plan.program);
        command.arg("task").arg(self.folder.path()).args([&step.id, &name]);
        command.args(["--attempt", &attempt.to_string(), "--threads", &needs.cpus.to_string()]);
        command.args(["--mem", &needs.memory.to_string(), "--time", &needs.seconds.to_string()]);
        command.stdin(Stdio::null()).stdout(out).stderr(errors);
        interrupt::bind_to_us(&mut command);
        let mut child = command.spawn().map_err(failed)?;
        let _watched = Watched::new(&child);
        Ok(child.wait().map_err(failed)?.success())
    }
}
