//! How a network is run.

use std::sync::Arc;

use rayon::ThreadPool;

/// How a network is run. Results are the same bytes whatever the threads are.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Threads that share the work; those of the caller's rayon pool by default.
    pub threads: Option<Arc<ThreadPool>>,
}

impl Options {
    /// On the threads of `pool`.
    pub fn on(pool: Arc<ThreadPool>) -> Self {
        Self { threads: Some(pool) }
    }

    /// Runs `work` on the threads.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.threads {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}
