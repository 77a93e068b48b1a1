//! `MatMul` and `Gemm`: matrix products.
//!
//! | operator | Y |
//! |---|---|
//! | `MatMul` | `A B` over the last two axes, as NumPy's `matmul`: leading axes broadcast, a vector is a row (A) or a column (B) |
//! | `Gemm` | `alpha A' B' + beta C`, A' `[M, K]` and B' `[K, N]` are A and B, transposed if requested; C (optional) broadcasts to `[M, N]` |

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, broadcast, output, require, require_param};
use super::{Case, NodeError, Operator, Reach};
use crate::tensor::{DType, TensorType};

/// `MatMul` has no parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatMul {}

/// Parameters of `Gemm`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gemm {
    /// Factor of the product.
    pub alpha: f32,
    /// Factor of C.
    pub beta: f32,
    /// Whether to transpose A.
    #[serde(rename = "transA")]
    pub trans_a: bool,
    /// Whether to transpose B.
    #[serde(rename = "transB")]
    pub trans_b: bool,
}

impl Default for Gemm {
    fn default() -> Self {
        Self { alpha: 1.0, beta: 1.0, trans_a: false, trans_b: false }
    }
}

impl Operator for MatMul {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=2)?;
        let (a, b) = (inputs.float(0, "A")?, inputs.float(1, "B")?);
        require(!a.shape.is_empty(), 0, "A", "rank 1 or more", a)?;
        require(!b.shape.is_empty(), 1, "B", "rank 1 or more", b)?;
        let (rows, columns) = (a.shape.len() > 1, b.shape.len() > 1);
        let inner = if columns { b.shape[b.shape.len() - 2] } else { b.shape[0] };
        require(a.shape.last() == Some(&inner), 1, "B", format!("{inner} rows, the number of columns of A"), b)?;
        let leading = |t: &TensorType| TensorType::f32(&t.shape[..t.shape.len().saturating_sub(2)]);
        let mut shape = broadcast(&leading(a), &leading(b))?;
        if rows {
            shape.push(a.shape[a.shape.len() - 2]);
        }
        if columns {
            shape.push(b.shape[b.shape.len() - 1]);
        }
        Ok(vec![output(DType::F32, shape)?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Everything("rows and columns"); inputs.len()]
    }

    fn cases() -> Vec<Case> {
        let case =
            |name: &str, a: &[usize], b: &[usize]| Case::new(name, Self {}).float(a, -1.0..1.0).float(b, -1.0..1.0);
        vec![
            case("1x1", &[1, 1], &[1, 1]),
            case("odd", &[17, 33], &[33, 9]),
            case("batch broadcasts", &[2, 1, 5, 7], &[3, 7, 4]),
            case("vector, matrix", &[7], &[2, 7, 4]),
            case("matrix, vector", &[2, 5, 7], &[7]),
            case("vectors", &[7], &[7]),
        ]
    }
}

impl Operator for Gemm {
    fn infer(&self, inputs: &Inputs) -> Result<Vec<TensorType>, NodeError> {
        inputs.count(2..=3)?;
        require_param(self.alpha.is_finite(), "alpha", "a finite number", self.alpha)?;
        require_param(self.beta.is_finite(), "beta", "a finite number", self.beta)?;
        let matrix = |input, name, transposed: bool| {
            let found = inputs.float(input, name)?;
            require(found.shape.len() == 2, input, name, "rank 2", found)?;
            let (rows, columns) = (found.shape[0], found.shape[1]);
            Ok(if transposed { (columns, rows) } else { (rows, columns) })
        };
        let (m, k) = matrix(0, "A", self.trans_a)?;
        let (b_rows, n) = matrix(1, "B", self.trans_b)?;
        require(b_rows == k, 1, "B", format!("{k} rows, the number of columns of A"), inputs.float(1, "B")?)?;
        let product = TensorType::f32([m, n]);
        if let Some(c) = inputs.optional(2) {
            let fits = c.dtype == DType::F32 && broadcast(&product, c).is_ok_and(|shape| shape == product.shape);
            require(fits, 2, "C", format!("floats that broadcast to {product}"), c)?;
        }
        Ok(vec![output(DType::F32, product.shape)?])
    }

    fn reach(&self, inputs: &[Option<&TensorType>], _: &TensorType) -> Vec<Reach> {
        vec![Reach::Everything("rows and columns"); inputs.len()]
    }

    fn cases() -> Vec<Case> {
        let case = |name: &str, op: Self, a: [usize; 2], b: [usize; 2]| {
            Case::new(name, op).float(a, -1.0..1.0).weight(b, -1.0..1.0)
        };
        let scaled = Self { alpha: 0.5, beta: 2.0, trans_a: true, trans_b: true };
        vec![
            case("1x1", Self::default(), [1, 1], [1, 1]),
            case("linear layer", Self { trans_b: true, ..Self::default() }, [3, 17], [9, 17]).weight([9], -1.0..1.0),
            case("both transposed, factors", scaled, [7, 5], [4, 7]).weight([5, 1], -1.0..1.0),
            case("scalar C", Self::default(), [5, 7], [7, 4]).weight([], -1.0..1.0),
        ]
    }
}
