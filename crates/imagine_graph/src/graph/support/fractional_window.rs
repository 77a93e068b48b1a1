//! A window being composed along a graph. Its bounds are fractions, which rounding to whole elements would widen at every
//! up-sampling.

use num_integer::Integer;

use crate::ops::{MAX_SPAN, Window};

/// Output element `i` reads input elements `floor((i * stride + low) / repeat) ..= floor((i * stride + high) / repeat)`, with
/// stride and repeat of the window, and only elements within the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FractionalWindow {
    window: Window,
    low: i128,
    high: i128,
}

impl FractionalWindow {
    /// The element at the same position.
    pub const POINT: FractionalWindow = FractionalWindow { window: Window::POINT, low: 0, high: 0 };

    /// The same elements as an operator's window.
    pub fn new(window: Window) -> Self {
        let [low, high] = [window.low, window.high].map(|offset| i128::from(offset) * window.repeat as i128);
        Self { window, low, high }
    }

    /// The window on the source of a value that reads through `self` a value that reads the source through `inner`.
    pub fn after(self, inner: FractionalWindow) -> Option<Self> {
        let window = self.window.after(inner.window)?;
        let [(os, or), (is, ir)] = [self, inner].map(|t| (t.window.stride as i128, t.window.repeat as i128));
        let (stride, repeat) = (os * is, or * ir);
        // The pattern repeats after `repeat` elements. The bounds are the tightest that hold for all of them.
        let ends = (0..repeat).map(|i| {
            let read = |offset: i128, inner_offset: i128| {
                let between = (i * os + offset).div_euclid(or);
                (between * is + inner_offset).div_euclid(ir)
            };
            let (first, last) = (read(self.low, inner.low), read(self.high, inner.high));
            ((first + 1) * repeat - 1 - i * stride, last * repeat - i * stride)
        });
        let (low, high) = ends.fold((i128::MAX, i128::MIN), |(low, high), (l, h)| (low.min(l), high.max(h)));
        if low < -MAX_SPAN * repeat || high > MAX_SPAN * repeat {
            return None;
        }
        let divisor = stride.gcd(&repeat);
        Some(Self { window, low: low.div_euclid(divisor), high: high.div_euclid(divisor) })
    }

    /// The smallest window that contains both; `None` if their strides differ.
    pub fn join(self, other: FractionalWindow) -> Option<Self> {
        let window = self.window.join(other.window)?;
        Some(Self { window, low: self.low.min(other.low), high: self.high.max(other.high) })
    }

    /// The window in whole elements.
    pub fn window(self) -> Window {
        let repeat = self.window.repeat as i128;
        let (low, high) = (self.low.div_euclid(repeat), (self.high + repeat - 1).div_euclid(repeat));
        Window { low: self.window.low.max(low as i64), high: self.window.high.min(high as i64), ..self.window }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Elements that output element `i` reads through a chain of windows, the outermost first.
    fn read(windows: &[Window], i: i64) -> (i64, i64) {
        windows.iter().fold((i, i), |(first, last), w| {
            let place = |i: i64| (i * w.stride as i64).div_euclid(w.repeat as i64);
            (place(first) + w.low, place(last) + w.high)
        })
    }

    #[test]
    fn a_chain_reads_what_its_windows_read_and_at_most_one_element_more() {
        let window = |stride, repeat, low, high| Window { stride, repeat, low, high };
        let (double, smooth, half) = (window(1, 2, 0, 0), window(1, 1, -1, 1), window(2, 1, 0, 1));
        let pyramid = [smooth, double].repeat(6);
        let chains: [&[Window]; 5] = [
            &pyramid,
            &[smooth, double, half, smooth],
            &[half, smooth, double],
            &[window(3, 2, 0, 1), double, smooth, window(1, 3, -1, 1)],
            &[window(1, 3, -1, 1), window(2, 1, -1, 1), double, half],
        ];
        for windows in chains {
            let mut found = FractionalWindow::POINT;
            for w in windows.iter().rev() {
                found = FractionalWindow::new(*w).after(found).unwrap();
            }
            let all = found.window();
            let (mut low, mut high) = (i64::MAX, i64::MIN);
            for i in -500..500 {
                let (first, last) = read(windows, i);
                let place = (i * all.stride as i64).div_euclid(all.repeat as i64);
                (low, high) = (low.min(first - place), high.max(last - place));
            }
            assert!(all.low <= low && high <= all.high, "{all:?} misses part of {low}..={high} of {windows:?}");
            assert!(all.low >= low - 1 && high + 1 >= all.high, "{all:?} is far from {low}..={high} of {windows:?}");
        }
        let mut found = FractionalWindow::POINT;
        pyramid.iter().rev().for_each(|w| found = FractionalWindow::new(*w).after(found).unwrap());
        assert_eq!(found.window(), window(1, 64, -1, 1));
    }
}
