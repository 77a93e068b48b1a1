//! Whether sprites are of the class that was asked for, by a classifier trained on real ones, and how various each class is.

use burn::tensor::backend::Backend;
use serde::Serialize;

use super::ask::Asked;
use crate::data::SpriteBatch;
use crate::error::TrainError;
use crate::metric::{Table, vendi};
use crate::trainer::Classifier;

/// Seed of the latents.
const SEED: u64 = 11;

/// What a classifier says of generated and of held-back sprites.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassAgreement {
    /// Share of held-back sprites that it puts into their class.
    pub accuracy: f64,
    /// Generated sprites that were judged, as many of each class.
    pub asked: usize,
    /// Share of them that it puts into the class that was asked for, without a prompt.
    pub agreement: f64,
    /// Class by class.
    pub classes: Vec<ClassFigures>,
}

/// Figures of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFigures {
    /// Its name.
    pub name: String,
    /// Sprites trained on.
    pub trained: usize,
    /// Sprites held back.
    pub held_back: usize,
    /// Share of the held-back ones that the classifier knows.
    pub accuracy: f64,
    /// Share of the generated ones that it knows.
    pub agreement: f64,
    /// Vendi score of as many generated as held-back sprites.
    pub vendi: f64,
    /// That of the held-back ones.
    pub vendi_held_back: f64,
}

/// Held-back sprites and what was generated for their classes, in the same order.
pub(super) struct Rows<'a> {
    /// True classes.
    pub classes: &'a [usize],
    /// Classes that the classifier sees in the held-back ones.
    pub judged: &'a [usize],
    pub held_back: &'a Table,
    pub generated: &'a Table,
}

/// Asks for `count` sprites, evenly over the classes, and lets `classifier` judge them.
pub(super) fn agreement<B: Backend>(
    asked: &Asked<B>,
    classifier: &Classifier<B>,
    rows: &Rows,
    count: usize,
) -> Result<ClassAgreement, TrainError> {
    let set = asked.set;
    let own = set.classes.len() - 1;
    let classes: Vec<usize> = (0..count).map(|index| 1 + index % own).collect();
    let prompts = vec![String::new(); count];
    let batch = SpriteBatch { values: Vec::new(), classes, prompts };
    let judged = classifier.judge(&asked.sprites(&batch, SEED)?)?.classes;
    let figures = |class: usize| {
        let members: Vec<usize> = (0..rows.classes.len()).filter(|index| rows.classes[*index] == class).collect();
        let [generated, held_back] = [rows.generated, rows.held_back].map(|table| vendi(&table.pick(&members)));
        ClassFigures {
            name: set.classes[class].clone(),
            trained: set.sprites.iter().filter(|sprite| sprite.class == class).count(),
            held_back: members.len(),
            accuracy: share(&members, |index| rows.judged[*index] == class),
            agreement: {
                let its: Vec<usize> = (0..count).filter(|index| batch.classes[*index] == class).collect();
                share(&its, |index| judged[*index] == class)
            },
            vendi: generated,
            vendi_held_back: held_back,
        }
    };
    let all: Vec<usize> = (0..count).collect();
    let held_back: Vec<usize> = (0..rows.classes.len()).collect();
    Ok(ClassAgreement {
        accuracy: share(&held_back, |index| rows.judged[*index] == rows.classes[*index]),
        asked: count,
        agreement: share(&all, |index| judged[*index] == batch.classes[*index]),
        classes: (1..=own).map(figures).collect(),
    })
}

fn share(indices: &[usize], holds: impl Fn(&usize) -> bool) -> f64 {
    indices.iter().filter(|index| holds(index)).count() as f64 / indices.len().max(1) as f64
}
