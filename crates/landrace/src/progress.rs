//! Progress bars on a terminal, silence in a batch log.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use landrace_genome::file::Meter;

/// Bars and notes on standard error.
#[derive(Clone)]
pub(crate) struct Progress {
    bars: MultiProgress,
    is_quiet: bool,
    is_verbose: bool,
}

impl Progress {
    /// Draws bars if standard error is a terminal and the user has not asked for quiet.
    pub(crate) fn new(is_quiet: bool, is_verbose: bool) -> Self {
        let hidden = is_quiet || !std::io::stderr().is_terminal();
        let target =
            if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(5) };
        Self { bars: MultiProgress::with_draw_target(target), is_quiet, is_verbose }
    }

    /// Says a line that users want to read in any log.
    pub(crate) fn note(&self, line: &str) {
        if !self.is_quiet {
            self.bars.suspend(|| {
                let _ = writeln!(std::io::stderr(), "{line}");
            });
        }
    }

    /// Says a line with `--verbose` only.
    pub(crate) fn detail(&self, line: &str) {
        if self.is_verbose {
            self.note(line);
        }
    }

    /// A bar over a known amount of work.
    pub(crate) fn bar(&self, what: &str, total: u64) -> ProgressBar {
        let template = "{msg:24} [{bar:32}] {pos}/{len} {eta}";
        self.styled(what, ProgressBar::new(total), template)
    }

    /// A bar that follows the bytes read of the inputs, as their meters count them.
    pub(crate) fn follow(&self, what: &str, inputs: Vec<Meter>, total: u64) -> Following {
        let template = "{msg:24} [{bar:32}] {bytes}/{total_bytes} {eta}";
        let bar = self.styled(what, ProgressBar::new(total), template);
        let is_over = Arc::new(AtomicBool::new(bar.is_hidden()));
        let (over, follower) = (is_over.clone(), bar.clone());
        let thread = (!bar.is_hidden()).then(|| {
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    follower.set_position(inputs.iter().map(Meter::bytes).sum());
                    std::thread::sleep(Duration::from_millis(200));
                }
            })
        });
        Following { bar, is_over, thread }
    }

    fn styled(&self, what: &str, bar: ProgressBar, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bars.add(bar.with_style(style).with_message(what.to_owned()))
    }
}

/// A bar that follows its inputs until it is dropped.
pub(crate) struct Following {
    bar: ProgressBar,
    is_over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}
