//! Memory of values that have been read for the last time, for the next values: no page is touched for the first time twice.

use std::sync::Mutex;

/// Floats below which a buffer is not worth keeping.
const SMALLEST: usize = 1024;
/// Buffers that are kept at most.
const MOST: usize = 64;

/// Free buffers of floats.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<f32>>>);

impl Buffers {
    /// A buffer of `length` floats with arbitrary contents: the caller writes all of them.
    pub fn take(&self, length: usize) -> Vec<f32> {
        if length >= SMALLEST {
            let mut free = self.0.lock().expect("no holder panics");
            let fits = |buffer: &Vec<f32>| (length..=2 * length).contains(&buffer.capacity());
            let best = (0..free.len()).filter(|&i| fits(&free[i])).min_by_key(|&i| free[i].capacity());
            if let Some(index) = best {
                let mut buffer = free.swap_remove(index);
                drop(free);
                buffer.resize(length, 0.0);
                return buffer;
            }
        }
        vec![0.0; length]
    }

    /// Keeps a buffer for a later [`Self::take`].
    pub fn give(&self, buffer: Vec<f32>) {
        if buffer.capacity() < SMALLEST {
            return;
        }
        let mut free = self.0.lock().expect("no holder panics");
        if free.len() == MOST {
            free.remove(0);
        }
        free.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_for_a_similar_length_only() {
        let buffers = Buffers::default();
        let buffer = buffers.take(4096);
        let address = buffer.as_ptr();
        buffers.give(buffer);
        let other = buffers.take(1024);
        assert_ne!(other.as_ptr(), address);
        let again = buffers.take(4000);
        assert_eq!((again.as_ptr(), again.len()), (address, 4000));
    }
}
