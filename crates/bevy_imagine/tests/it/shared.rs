//! A value that tests of one binary share, although it cannot move between threads.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Name of the thread that owns the value.
const THREAD: &str = "shared";

/// Owns a `T` on a thread of its own, and runs one test after another on it.
pub struct Shared<T>(Mutex<Sender<(Test<T>, Sender<Outcome>)>>);

type Test<T> = Box<dyn FnOnce(&mut T) + Send>;
/// The error is the message of a panic with its place.
type Outcome = Result<(), String>;

thread_local! {
    static LAST_PANIC: RefCell<String> = RefCell::default();
}

impl<T: 'static> Shared<T> {
    /// Makes the value on its thread. `reset` runs after each test, also after one that failed.
    pub fn new(make: fn() -> T, reset: fn(&mut T)) -> Self {
        let print = take_hook();
        set_hook(Box::new(move |panic| match thread::current().name() {
            Some(THREAD) => LAST_PANIC.set(panic.to_string()),
            _ => print(panic),
        }));
        let (sender, tests) = channel::<(Test<T>, Sender<Outcome>)>();
        let run = move || {
            let mut value = make();
            for (test, outcome) in tests {
                let tested = outcome_of(|| test(&mut value));
                let after = outcome_of(|| reset(&mut value));
                outcome.send(tested.and(after)).unwrap();
            }
        };
        thread::Builder::new().name(THREAD.into()).spawn(run).unwrap();
        Self(Mutex::new(sender))
    }

    /// Runs `test` on the value; panics if it does.
    pub fn run(&self, test: impl FnOnce(&mut T) + Send + 'static) {
        let (sender, outcome) = channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).send((Box::new(test), sender)).unwrap();
        if let Err(message) = outcome.recv().unwrap() {
            panic!("{message}");
        }
    }
}

fn outcome_of(run: impl FnOnce()) -> Outcome {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| LAST_PANIC.take())
}
