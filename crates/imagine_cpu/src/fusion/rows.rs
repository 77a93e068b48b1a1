//! The rows of a tile's memory: which results need none, and which share them.

use super::lower::Lowering;
use super::stage::{Output, Place, Stage, Target};
use crate::ops::conv::FEWEST_COLUMNS;

impl Lowering<'_> {
    /// Lets convolutions whose results nothing in the group reads write them where they belong.
    pub fn write_outputs(&mut self) {
        if !self.is_contiguous && self.size[2] < FEWEST_COLUMNS {
            return;
        }
        for index in 0..self.outputs.len() {
            let Some(Place::Tile { row, channels }) = self.outputs[index].from else { continue };
            let is_block = self.blocks.iter().any(|block| block.first == row && block.rows == channels);
            let own = row..row + channels;
            let others = |output: &Output| matches!(output.from, Some(Place::Tile { row, .. }) if own.contains(&row));
            let mut reads = self.outputs.iter().filter(|output| others(output)).count() - 1;
            for stage in &mut self.stages {
                stage.rows_mut(|row, writes| reads += usize::from(!writes && own.contains(row)));
            }
            if !is_block || reads > 0 {
                continue;
            }
            let target = self.stages.iter_mut().find_map(|stage| match stage {
                Stage::Conv { to, .. } | Stage::Pointwise { to, .. } => (*to == Target::Tile(row)).then_some(to),
                _ => None,
            });
            if let Some(target) = target {
                *target = Target::Output(index);
                self.outputs[index].from = None;
            }
        }
    }

    /// Gives blocks of rows their place in the tile's memory, those that are not needed at the same time the same. Returns the number of rows.
    pub fn place_rows(&mut self) -> usize {
        let block_of =
            |row: usize| self.blocks.iter().position(|block| (block.first..block.first + block.rows).contains(&row));
        let mut written = vec![usize::MAX; self.blocks.len()];
        let mut read = vec![0; self.blocks.len()];
        for (index, stage) in self.stages.iter_mut().enumerate() {
            stage.rows_mut(|row, writes| {
                let block = block_of(*row).expect("every row is of a block");
                read[block] = read[block].max(index);
                if writes {
                    written[block] = written[block].min(index);
                }
            });
        }
        for output in &self.outputs {
            if let Some(Place::Tile { row, .. }) = output.from {
                read[block_of(row).expect("every row is of a block")] = usize::MAX;
            }
        }
        // In the order in which they are written, each at the first place that is free for as long as it is needed.
        let mut order: Vec<usize> = (0..self.blocks.len()).collect();
        order.sort_by_key(|&block| written[block]);
        let mut placed: Vec<(usize, usize)> = Vec::new();
        let mut start = vec![0; self.blocks.len()];
        let mut total = 0;
        for &block in order.iter().filter(|block| written[**block] != usize::MAX) {
            let rows = self.blocks[block].rows;
            let mut taken: Vec<(usize, usize)> = placed
                .iter()
                .filter(|(other, _)| written[*other] <= read[block] && written[block] <= read[*other])
                .map(|(other, first)| (*first, first + self.blocks[*other].rows))
                .collect();
            taken.sort_unstable();
            let free = taken.iter().fold(0, |at, (first, end)| if at + rows <= *first { at } else { at.max(*end) });
            placed.push((block, free));
            start[block] = free;
            total = total.max(free + rows);
        }
        let blocks = &self.blocks;
        let moved = |row: &mut usize| {
            let block = blocks.iter().position(|block| (block.first..block.first + block.rows).contains(row));
            let block = block.expect("every row is of a block");
            *row = start[block] + *row - blocks[block].first;
        };
        self.stages.iter_mut().for_each(|stage| stage.rows_mut(|row, _| moved(row)));
        for output in &mut self.outputs {
            if let Some(Place::Tile { row, .. }) = &mut output.from {
                moved(row);
            }
        }
        total
    }
}
