//! Panics, ours and those of libraries that have no errors (burn-wgpu, drivers): one message and exit code 2, like any other error.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;

/// Runs `work`; its panic becomes an error that says where it was. With `RUST_BACKTRACE` the usual report comes first.
pub fn guard<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let places = Arc::new(Mutex::new(Vec::new()));
    let (usual, seen) = (panic::take_hook(), places.clone());
    let wants_backtrace = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    panic::set_hook(Box::new(move |panic| {
        if wants_backtrace {
            usual(panic);
        }
        // Panics of other threads often cause that of the main thread, so all are kept.
        let place = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        let text = format!("{}{place}", message(panic.payload()));
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    let _ = panic::take_hook();
    let payload = match result {
        Ok(result) => return result,
        Err(payload) => payload,
    };
    let mut places = places.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if places.is_empty() {
        places.push(message(payload.as_ref()));
    }
    bail!(
        "this is a fault of the program, not of your input: {}; please report it with the command line and what `imagine \
         doctor` prints",
        places.join("; then ")
    )
}

fn message(payload: &dyn Any) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_one_message() {
        let error = guard::<()>(|| panic!("broken {}", 7)).unwrap_err().to_string();
        assert!(error.contains("broken 7 (") && error.contains("panics.rs:"), "{error}");
        assert_eq!(guard(|| Ok(7)).unwrap(), 7);
    }
}
