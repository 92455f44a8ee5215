//! Ending a run by signal: its child processes are ended with it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Process groups of living children.
static CHILDREN: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
static IS_WATCHED: AtomicBool = AtomicBool::new(false);
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// Asks what runs in this process to end; for signal handlers. Says whether it will end by itself: a run or a
/// task ends its children, leaves its records consistent and returns.
///
/// The second time, children are killed and the answer is no.
pub fn request() -> bool {
    let is_watched = IS_WATCHED.load(Ordering::SeqCst);
    let is_first = !IS_ASKED.swap(true, Ordering::SeqCst);
    let signal = if is_first { libc::SIGTERM } else { libc::SIGKILL };
    for &group in CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        send(group, signal);
    }
    is_watched && is_first
}

/// Whether the run has been asked to end.
pub(crate) fn is_requested() -> bool {
    IS_ASKED.load(Ordering::SeqCst)
}

/// Says that this process ends by itself when asked.
pub(crate) fn watch() {
    IS_WATCHED.store(true, Ordering::SeqCst);
}

/// A child that is ended when this process is asked to end.
pub(crate) struct Watched {
    group: i32,
}

impl Watched {
    /// Watches a child that leads a process group of its own.
    pub(crate) fn new(child: &std::process::Child) -> Self {
        let group = i32::try_from(child.id()).unwrap_or(0);
        CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).insert(group);
        if is_requested() {
            send(group, libc::SIGTERM);
        }
        Self { group }
    }

    pub(crate) fn kill(&self) {
        send(self.group, libc::SIGKILL);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.group);
    }
}

#[expect(unsafe_code, reason = "kill is a system call")]
fn send(group: i32, signal: i32) {
    if group > 0 {
        // SAFETY: kill takes two numbers and touches no memory of ours.
        unsafe { libc::kill(-group, signal) };
    }
}

/// Has the child end when the thread that starts it ends, however that comes, and lead a process group.
#[expect(unsafe_code, reason = "prctl in the child before it becomes the program")]
pub(crate) fn bind_to_us(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
    #[cfg(target_os = "linux")]
    {
        let parent = std::process::id();
        let bind = move || {
            // SAFETY: prctl and getppid are safe between fork and exec: they take numbers and allocate nothing.
            let (set, now) = unsafe { (libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM), libc::getppid()) };
            let is_ours = set == 0 && now.unsigned_abs() == parent;
            if is_ours { Ok(()) } else { Err(std::io::ErrorKind::Interrupted.into()) }
        };
        // SAFETY: `bind` makes two system calls and neither allocates nor takes a lock.
        unsafe { command.pre_exec(bind) };
    }
}
