//! The functions that elementwise operators are made of.

use imagine_graph::DType;

/// A function of one to three numbers, integers or truth values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    // Of a float.
    Relu,
    LeakyRelu(f32),
    ThresholdedRelu(f32),
    Elu(f32),
    Selu {
        alpha: f32,
        gamma: f32,
    },
    Gelu,
    GeluTanh,
    Mish,
    Softplus,
    Softsign,
    HardSigmoid {
        alpha: f32,
        beta: f32,
    },
    HardSwish,
    Sigmoid,
    Tanh,
    Sin,
    Cos,
    Asin,
    Acos,
    Atan,
    Exp,
    Log,
    Sqrt,
    Reciprocal,
    Erf,
    Floor,
    Ceil,
    Round,
    Neg,
    Abs,
    Sign,
    /// The larger of the number and this.
    AtLeast(f32),
    /// The smaller of the number and this.
    AtMost(f32),
    /// Rounded to the type bfloat16.
    Bfloat16,
    // Of an integer.
    NegInt,
    AbsInt,
    SignInt,
    // Of a truth value.
    Not,
    // Conversions.
    FloatToInt,
    FloatToBool,
    IntToFloat,
    IntToBool,
    BoolToFloat,
    BoolToInt,
    // Of two floats.
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    /// The remainder with the sign of the first.
    Fmod,
    Pow,
    PRelu,
    // Of two integers.
    AddInt,
    SubInt,
    MulInt,
    DivInt,
    MinInt,
    MaxInt,
    /// The remainder with the sign of the second.
    ModInt,
    /// The remainder with the sign of the first.
    FmodInt,
    // Comparisons.
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    GreaterInt,
    GreaterOrEqualInt,
    LessInt,
    LessOrEqualInt,
    /// Of integers or truth values.
    EqualInt,
    // Of two truth values.
    And,
    Or,
    Xor,
    /// The second if the first is true, else the third, both of this type.
    Where(DType),
}

impl Function {
    /// Element type of the result.
    pub fn result(self) -> DType {
        use Function::*;
        match self {
            Not | FloatToBool | IntToBool | Greater | GreaterOrEqual | Less | LessOrEqual | Equal | GreaterInt
            | GreaterOrEqualInt | LessInt | LessOrEqualInt | EqualInt | And | Or | Xor => DType::Bool,
            NegInt | AbsInt | SignInt | FloatToInt | BoolToInt | AddInt | SubInt | MulInt | DivInt | MinInt
            | MaxInt | ModInt | FmodInt => DType::I32,
            Where(dtype) => dtype,
            _ => DType::F32,
        }
    }

    /// Time per element, in times that of an addition, roughly.
    pub fn cost(self) -> usize {
        use Function::*;
        match self {
            Elu(_) | Selu { .. } | Exp | Log | Sigmoid | Tanh | Sin | Cos | Mish => 8,
            Gelu | GeluTanh | Erf | Softplus => 12,
            Asin | Acos | Atan | Pow => 30,
            DivInt | ModInt | FmodInt => 10,
            Div | Reciprocal | Sqrt | Softsign | Fmod => 3,
            _ => 1,
        }
    }
}
