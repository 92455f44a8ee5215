//! The one helper for long streams: read in order, work in parallel, write in order, bounded in memory.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Mutex, PoisonError};

/// Maps `items` through `work` on the rayon pool and hands the results to `write` in the items' order.
///
/// At most four items a thread are in flight, so memory is bounded by the items' size. `items` and `write`
/// run on the calling thread while the pool works. Each task gets a scratch value made by `scratch`, which is
/// used again by later tasks: buffers go there, nothing that could change a result.
///
/// # Errors
/// Returns the first error, in the items' order, of `items`, `work` or `write`.
pub fn map_in_order<T, U, S, E>(
    items: impl Iterator<Item = Result<T, E>>,
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> Result<U, E> + Sync,
    mut write: impl FnMut(U) -> Result<(), E>,
) -> Result<(), E>
where
    T: Send,
    U: Send,
    S: Send,
    E: Send,
{
    let limit = 4 * rayon::current_num_threads() as u64;
    let scratches = Mutex::new(Vec::new());
    let (sender, receiver) = channel();
    let (work, scratch, scratches) = (&work, &scratch, &scratches);
    let mut items = items.fuse();
    rayon::in_place_scope(|scope| {
        let (mut started, mut written) = (0u64, 0u64);
        let mut waiting = BTreeMap::new();
        let mut ended = false;
        loop {
            while !ended && started - written < limit {
                let Some(item) = items.next() else {
                    ended = true;
                    break;
                };
                match item {
                    Ok(item) => {
                        let (index, sender) = (started, sender.clone());
                        scope.spawn(move |_| {
                            let mut own = lock(scratches).pop().unwrap_or_else(scratch);
                            let result = catch_unwind(AssertUnwindSafe(|| work(&mut own, item)));
                            lock(scratches).push(own);
                            // The receiver is gone only when the caller has given up on an error.
                            let _ = sender.send((index, result));
                        });
                    }
                    // An error of the reader takes its turn, so that what came before it is written.
                    Err(error) => {
                        waiting.insert(started, Ok(Err(error)));
                        ended = true;
                    }
                }
                started += 1;
            }
            while let Some(result) = waiting.remove(&written) {
                write(result.unwrap_or_else(|panic| resume_unwind(panic))?)?;
                written += 1;
            }
            if written == started && ended {
                return Ok(());
            }
            if started - written >= limit || ended {
                let (index, result) = receive(&receiver);
                waiting.insert(index, result);
            }
        }
    })
}

fn lock<S>(scratches: &Mutex<Vec<S>>) -> std::sync::MutexGuard<'_, Vec<S>> {
    scratches.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a result of a task; on a thread of the pool it works on other tasks meanwhile, so that one thread
/// suffices.
///
/// # Panics
/// Panics if the task ended without a result, which it does only in a panic of its own.
pub fn receive<T>(receiver: &Receiver<T>) -> T {
    loop {
        if rayon::current_thread_index().is_none()
            && let Ok(value) = receiver.recv()
        {
            return value;
        }
        match receiver.try_recv() {
            Ok(value) => return value,
            Err(TryRecvError::Empty) => {
                if rayon::yield_now() != Some(rayon::Yield::Executed) {
                    std::thread::yield_now();
                }
            }
            Err(TryRecvError::Disconnected) => unreachable!("the sender lives as long as the scope"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(threads: usize, inside: bool) -> Result<Vec<u64>, String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let run = || {
            let mut out = Vec::new();
            let items = (0..1000u64).map(Ok);
            map_in_order(
                items,
                || (),
                |(), x| Ok::<_, String>(x * x),
                |y| {
                    out.push(y);
                    Ok(())
                },
            )?;
            Ok(out)
        };
        if inside { pool.install(run) } else { run() }
    }

    #[test]
    fn keeps_the_order_at_any_thread_count() {
        let expected: Vec<u64> = (0..1000).map(|x| x * x).collect();
        for (threads, inside) in [(1, true), (3, true), (2, false)] {
            assert_eq!(squares(threads, inside).unwrap(), expected);
        }
    }

    #[test]
    fn gives_the_first_error_in_order_and_what_came_before() {
        let mut out = Vec::new();
        let items = (0..100u64).map(|x| if x == 50 { Err("reader") } else { Ok(x) });
        let work = |(): &mut (), x: u64| if x == 60 { Err("work") } else { Ok(x) };
        let result = map_in_order(
            items,
            || (),
            work,
            |y| {
                out.push(y);
                Ok(())
            },
        );
        assert_eq!((result, out.len()), (Err("reader"), 50));
    }
}
