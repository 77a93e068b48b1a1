//! `Einsum`: sums of products by Einstein's convention.
//!
//! `equation` names every axis of one or two inputs with a letter, as in `bij,bjk->bik`: the output is the product of the
//! inputs, summed over all letters that do not appear after the arrow. A letter that appears twice in one input takes its
//! diagonal. `...` stands for leading axes without letters, which broadcast. Without an arrow the output has the axes of
//! `...`, then, in alphabetical order, all letters that appear once. An axis of length 1 broadcasts to the length of the same
//! letter in the other input.

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, output, require_param};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, MAX_ELEMENTS, MAX_RANK, TensorType, elements};

/// Parameters of `Einsum`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Einsum {
    /// Letters of the inputs' axes, separated by a comma, then an arrow and the letters of the output's axes.
    pub equation: String,
}

/// A parsed equation: every letter, and every axis of an ellipsis, has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct EinsumAxes {
    /// The number of each axis of each input.
    pub inputs: Vec<Vec<usize>>,
    /// The number of each axis of the output.
    pub output: Vec<usize>,
    /// The length of each number.
    pub lengths: Vec<usize>,
}

impl EinsumAxes {
    /// The numbers that are summed over.
    pub fn summed(&self) -> Vec<usize> {
        (0..self.lengths.len()).filter(|axis| !self.output.contains(axis)).collect()
    }
}

/// The letters of one input or of the output, before and after an ellipsis.
struct Term {
    before: Vec<char>,
    behind: Option<Vec<char>>,
}

impl Term {
    fn letters(&self) -> impl Iterator<Item = char> {
        self.before.iter().chain(self.behind.iter().flatten()).copied()
    }
}

impl Einsum {
    /// The equation's axes for inputs of these shapes.
    pub fn axes(&self, shapes: &[&[usize]]) -> Result<EinsumAxes, NodeError> {
        let text: String = self.equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (text.as_str(), None),
        };
        let terms = left.split(',').map(|term| self.term(term)).collect::<Result<Vec<_>, _>>()?;
        let one_each = format!("one term per input before the arrow, {} in all", shapes.len());
        require_param(terms.len() == shapes.len(), "equation", one_each, &self.equation)?;
        let mut letters: Vec<char> = terms.iter().flat_map(Term::letters).collect();
        let once: Vec<char> =
            letters.iter().copied().filter(|c| letters.iter().filter(|d| *d == c).count() == 1).collect();
        letters.sort();
        letters.dedup();
        // Ellipsis axes are numbered after all letters, from the last axis.
        let spans = self.spans(&terms, shapes)?;
        let ellipsis = spans.iter().copied().max().unwrap_or(0);
        let number = |letter: char| letters.binary_search(&letter).ok();
        let open = |span: usize| (0..span).rev().map(|axis| letters.len() + axis).collect::<Vec<_>>();
        let numbers = |term: &Term, span: usize| {
            let own = |part: &[char]| part.iter().map(|&letter| number(letter)).collect::<Option<Vec<_>>>();
            let behind = own(term.behind.as_deref().unwrap_or_default())?;
            Some([own(&term.before)?, if term.behind.is_some() { open(span) } else { Vec::new() }, behind].concat())
        };
        let inputs: Vec<Vec<usize>> =
            terms.iter().zip(&spans).filter_map(|(term, span)| numbers(term, *span)).collect();
        let output = match right {
            Some(right) => numbers(&self.term(right)?, ellipsis),
            None => {
                let mut once = once;
                once.sort();
                Some([open(ellipsis), once.into_iter().filter_map(number).collect()].concat())
            }
        };
        let known = output.filter(|output| (1..output.len()).all(|i| !output[..i].contains(&output[i])));
        let rule = "letters after the arrow that appear before it, each once";
        let Some(output) = known else { return Err(self.error(rule)) };
        let lengths = self.lengths(&inputs, shapes, letters.len() + ellipsis)?;
        Ok(EinsumAxes { inputs, output, lengths })
    }

    fn error(&self, expected: &str) -> NodeError {
        NodeError::Param { name: "equation", expected: expected.into(), found: format!("{:?}", self.equation) }
    }

    fn term(&self, text: &str) -> Result<Term, NodeError> {
        let (before, behind) = match text.split_once("...") {
            Some((before, behind)) => (before, Some(behind)),
            None => (text, None),
        };
        let letters = |part: &str| {
            let sound = part.len() <= 2 * MAX_RANK && part.chars().all(|c| c.is_ascii_alphabetic());
            sound.then(|| part.chars().collect::<Vec<char>>())
        };
        let term = letters(before).zip(letters(behind.unwrap_or_default()));
        let (before, letters) =
            term.ok_or_else(|| self.error("letters and one ... in a term, as in \"...ij,jk->...ik\""))?;
        Ok(Term { before, behind: behind.map(|_| letters) })
    }

    /// Number of axes of each input's ellipsis.
    fn spans(&self, terms: &[Term], shapes: &[&[usize]]) -> Result<Vec<usize>, NodeError> {
        let span = |(term, shape): (&Term, &&[usize])| {
            let left = shape.len().checked_sub(term.letters().count())?;
            (left == 0 || term.behind.is_some()).then_some(left)
        };
        let spans = terms.iter().zip(shapes).map(span).collect::<Option<Vec<_>>>();
        spans.ok_or_else(|| self.error(&format!("one letter per axis of {shapes:?}")))
    }

    /// The length of every number; 1 broadcasts.
    fn lengths(&self, inputs: &[Vec<usize>], shapes: &[&[usize]], count: usize) -> Result<Vec<usize>, NodeError> {
        let mut lengths = vec![1; count];
        for (numbers, shape) in inputs.iter().zip(shapes) {
            for (&number, &length) in numbers.iter().zip(*shape) {
                let known = &mut lengths[number];
                if *known != length && *known != 1 && length != 1 {
                    return Err(self.error(&format!("equal lengths of equal letters in {shapes:?}")));
                }
                *known = (*known).max(length);
            }
        }
        Ok(lengths)
    }
}

impl Operator for Einsum {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        // A product of three or more inputs is a chain of products of two.
        inputs.count(1..=2)?;
        let mut shapes = Vec::new();
        for input in 0..inputs.types.len() {
            let found = inputs.float(input, "Inputs")?;
            shapes.push(found.shape.as_slice());
        }
        let axes = self.axes(&shapes)?;
        let summed: Vec<usize> = axes.summed().into_iter().map(|axis| axes.lengths[axis]).collect();
        let few = summed.len() <= MAX_RANK && elements(&summed) <= MAX_ELEMENTS;
        require_param(few, "equation", "at most 8 letters and 2^30 terms to sum over", &self.equation)?;
        Ok(vec![output(DType::F32, axes.output.iter().map(|&axis| axes.lengths[axis]).collect())?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        let shapes: Vec<&[usize]> = inputs.iter().flatten().map(|t| t.shape.as_slice()).collect();
        let Ok(axes) = self.axes(&shapes) else { return vec![Reach::Everything("height and width"); inputs.len()] };
        let reach = |numbers: &Vec<usize>| {
            let image = |numbers: &[usize]| numbers.iter().rev().take(2).copied().collect::<Vec<_>>();
            let own = image(numbers);
            let once = own.iter().all(|axis| numbers.iter().filter(|other| *other == axis).count() == 1);
            let keeps = own.len() == 2 && own == image(&axes.output) && once;
            if keeps { Reach::Pointwise } else { Reach::Everything("height and width in a sum") }
        };
        axes.inputs.iter().map(reach).collect()
    }

    fn cases() -> Vec<Case> {
        let case = |equation: &str, shapes: &[&[usize]]| {
            let op = Self { equation: equation.into() };
            let case = Case::new(format!("{equation:?} of {shapes:?}"), op);
            shapes.iter().fold(case, |case, shape| case.float(*shape, -1.0..1.0))
        };
        vec![
            case("a,a->", &[&[1], &[1]]),
            case("ij,jk", &[&[5, 3], &[3, 4]]),
            case("bij,bjk->bik", &[&[2, 3, 5], &[2, 5, 4]]),
            case("bhid, bhjd -> bhij", &[&[2, 3, 5, 4], &[2, 3, 6, 4]]),
            case("nchw,mc->nmhw", &[&[1, 3, 97, 61], &[2, 3]]),
            case("...ij,...jk->...ik", &[&[2, 1, 3, 4], &[5, 4, 2]]),
            case("i...,j...->ij...", &[&[2, 3, 4], &[5, 3, 1]]),
            case("ij->ji", &[&[3, 4]]),
            case("ii->i", &[&[4, 4]]),
            case("...ii->...", &[&[2, 3, 3]]),
            case("ba", &[&[2, 3]]),
            case("ijk->j", &[&[2, 3, 4]]),
            case("i,j->ij", &[&[3], &[4]]),
            case("ab,cb->ac", &[&[3, 4], &[2, 4]]),
            case("abx,bcy->ac", &[&[2, 3, 2], &[3, 4, 3]]),
            case("iij,jk->ik", &[&[3, 3, 2], &[2, 4]]),
            case("abcd,cdef->abef", &[&[2, 3, 2, 2], &[2, 2, 3, 2]]),
            case("ij,ij->", &[&[3, 4], &[3, 4]]),
            case("ij,ij->ij", &[&[3, 4], &[1, 4]]),
        ]
    }
}
