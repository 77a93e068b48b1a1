//! Prints progress on standard error every second while requests are unfinished, even during a frame that takes longer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_imagine::ImagineStats;
use bevy_imagine::prelude::*;

/// Time between two lines.
const INTERVAL: Duration = Duration::from_secs(1);

/// The line to print; nothing is printed while it is empty. Printing ends when it is dropped.
#[derive(Resource, Default)]
pub struct Progress(Arc<Mutex<String>>);

impl Progress {
    /// Starts to print.
    pub fn start() -> Self {
        let progress = Self::default();
        let line = Arc::downgrade(&progress.0);
        let begin = Instant::now();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(INTERVAL);
                let Some(line) = line.upgrade() else { return };
                let text = line.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if !text.is_empty() {
                    eprintln!("{:4.0} s: {text}", begin.elapsed().as_secs_f32());
                }
            }
        });
        progress
    }

    /// Describes the requests of `world`.
    pub fn update(&self, world: &mut World) {
        let is_computing = world.resource::<ImagineStats>().get().planned_ms > 0.0;
        let mut requests = world.query::<(&SynthesisStatus, &Synthesis, Option<&Name>)>();
        let requests = requests.iter(world).map(|(status, request, name)| Request {
            status: *status,
            priority: request.priority,
            name: name.map_or("", Name::as_str),
        });
        let line = describe(&requests.collect::<Vec<_>>(), is_computing);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = line;
    }
}

/// The system that updates the resource [`Progress`].
pub fn update_progress(world: &mut World) {
    world.resource_scope(|world, progress: Mut<Progress>| progress.update(world));
}

struct Request<'a> {
    status: SynthesisStatus,
    priority: i32,
    name: &'a str,
}

/// How many requests are finished and what the next one waits for; empty if all are finished.
fn describe(requests: &[Request], is_computing: bool) -> String {
    let done = |request: &&Request| matches!(request.status, SynthesisStatus::Finished | SynthesisStatus::Failed);
    let open = requests.iter().filter(|request| !done(request));
    // The scheduler takes the highest priority first.
    let Some(next) = open.rev().max_by_key(|request| request.priority) else { return String::new() };
    let action = match (next.status, is_computing) {
        (SynthesisStatus::Waiting, _) => "loading",
        (_, false) => "compiling shaders for",
        (_, true) => "running",
    };
    let name = if next.name.is_empty() { "a generator" } else { next.name };
    format!("{} of {} finished, {action} {name}", requests.iter().filter(done).count(), requests.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(status: SynthesisStatus, priority: i32, name: &str) -> Request<'_> {
        Request { status, priority, name }
    }

    #[test]
    fn the_unfinished_request_of_highest_priority_is_named() {
        use SynthesisStatus::{Finished, Running, Waiting};
        let [bark, moss] = [request(Finished, 0, "Bark"), request(Running, -1, "Moss")];
        let requests = [bark, moss, request(Running, -2, "Rust"), request(Waiting, -3, "")];
        assert_eq!(describe(&requests, false), "1 of 4 finished, compiling shaders for Moss");
        assert_eq!(describe(&requests, true), "1 of 4 finished, running Moss");
        assert_eq!(describe(&requests[3..], true), "0 of 1 finished, loading a generator");
        assert_eq!(describe(&requests[..1], true), "");
        assert_eq!(describe(&[], true), "");
    }
}
