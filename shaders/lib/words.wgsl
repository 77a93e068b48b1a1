// Elementwise functions of words: f_ takes floats by their bits, i_ integers, w_ words of any type. Truth values are 0 or 1.
#define_import_path imagine::words

#import imagine::activation::{hyperbolic_tangent, logistic}
#import imagine::error_function::error_function
#import imagine::power::{power, integer_power}
#import imagine::scalar::{elu, gelu, gelu_tanh, integer_modulo, integer_remainder, modulo, ramp, round_bfloat16, softplus, to_integer}
#import imagine::trigonometry::{sine, cosine, arcsine, arccosine, arctangent}

fn word(x: f32) -> u32 { return bitcast<u32>(x); }
fn f32_of(a: u32) -> f32 { return bitcast<f32>(a); }
fn i32_of(a: u32) -> i32 { return bitcast<i32>(a); }

fn w_copy(a: u32) -> u32 { return a; }
fn f_add(a: u32, b: u32) -> u32 { return word(f32_of(a) + f32_of(b)); }
fn f_sub(a: u32, b: u32) -> u32 { return word(f32_of(a) - f32_of(b)); }
fn f_mul(a: u32, b: u32) -> u32 { return word(f32_of(a) * f32_of(b)); }
fn f_div(a: u32, b: u32) -> u32 { return word(f32_of(a) / f32_of(b)); }
fn f_min(a: u32, b: u32) -> u32 { return word(min(f32_of(a), f32_of(b))); }
fn f_max(a: u32, b: u32) -> u32 { return word(max(f32_of(a), f32_of(b))); }
fn f_remainder(a: u32, b: u32) -> u32 { return word(f32_of(a) % f32_of(b)); }
fn f_modulo(a: u32, b: u32) -> u32 { return word(modulo(f32_of(a), f32_of(b))); }
fn f_pow(a: u32, b: u32) -> u32 { return word(power(f32_of(a), f32_of(b))); }
fn f_prelu(a: u32, b: u32) -> u32 { return word(select(f32_of(b) * f32_of(a), f32_of(a), f32_of(a) > 0.0)); }
fn f_greater(a: u32, b: u32) -> u32 { return u32(f32_of(a) > f32_of(b)); }
fn f_greater_or_equal(a: u32, b: u32) -> u32 { return u32(f32_of(a) >= f32_of(b)); }
fn f_less(a: u32, b: u32) -> u32 { return u32(f32_of(a) < f32_of(b)); }
fn f_less_or_equal(a: u32, b: u32) -> u32 { return u32(f32_of(a) <= f32_of(b)); }
fn f_equal(a: u32, b: u32) -> u32 { return u32(f32_of(a) == f32_of(b)); }
fn i_add(a: u32, b: u32) -> u32 { return bitcast<u32>(i32_of(a) + i32_of(b)); }
fn i_sub(a: u32, b: u32) -> u32 { return bitcast<u32>(i32_of(a) - i32_of(b)); }
fn i_mul(a: u32, b: u32) -> u32 { return bitcast<u32>(i32_of(a) * i32_of(b)); }
fn i_div(a: u32, b: u32) -> u32 { return bitcast<u32>(i32_of(a) / i32_of(b)); }
fn i_min(a: u32, b: u32) -> u32 { return bitcast<u32>(min(i32_of(a), i32_of(b))); }
fn i_max(a: u32, b: u32) -> u32 { return bitcast<u32>(max(i32_of(a), i32_of(b))); }
fn i_remainder(a: u32, b: u32) -> u32 { return bitcast<u32>(integer_remainder(i32_of(a), i32_of(b))); }
fn i_modulo(a: u32, b: u32) -> u32 { return bitcast<u32>(integer_modulo(i32_of(a), i32_of(b))); }
fn i_pow(a: u32, b: u32) -> u32 { return bitcast<u32>(integer_power(i32_of(a), i32_of(b))); }
fn i_greater(a: u32, b: u32) -> u32 { return u32(i32_of(a) > i32_of(b)); }
fn i_greater_or_equal(a: u32, b: u32) -> u32 { return u32(i32_of(a) >= i32_of(b)); }
fn i_less(a: u32, b: u32) -> u32 { return u32(i32_of(a) < i32_of(b)); }
fn i_less_or_equal(a: u32, b: u32) -> u32 { return u32(i32_of(a) <= i32_of(b)); }
fn w_equal(a: u32, b: u32) -> u32 { return u32(a == b); }
fn w_and(a: u32, b: u32) -> u32 { return a & b; }
fn w_or(a: u32, b: u32) -> u32 { return a | b; }
fn w_xor(a: u32, b: u32) -> u32 { return a ^ b; }
fn w_not(a: u32) -> u32 { return 1u - a; }
fn w_select(a: u32, b: u32, c: u32) -> u32 { return select(c, b, a != 0u); }
fn i_neg(a: u32) -> u32 { return bitcast<u32>(-i32_of(a)); }
fn i_abs(a: u32) -> u32 { return bitcast<u32>(abs(i32_of(a))); }
fn i_sign(a: u32) -> u32 { return bitcast<u32>(sign(i32_of(a))); }
fn f_to_integer(a: u32) -> u32 { return bitcast<u32>(to_integer(f32_of(a))); }
fn i_to_float(a: u32) -> u32 { return word(f32(i32_of(a))); }
fn f_is_nonzero(a: u32) -> u32 { return u32(f32_of(a) != 0.0); }
fn i_is_nonzero(a: u32) -> u32 { return u32(a != 0u); }
fn f_round_bfloat16(a: u32) -> u32 { return word(round_bfloat16(f32_of(a))); }
fn f_relu(a: u32) -> u32 { return word(max(f32_of(a), 0.0)); }
fn f_leaky_relu(a: u32, b: u32) -> u32 { return word(select(f32_of(b) * f32_of(a), f32_of(a), f32_of(a) > 0.0)); }
fn f_sigmoid(a: u32) -> u32 { return word(logistic(f32_of(a))); }
fn f_tanh(a: u32) -> u32 { return word(hyperbolic_tangent(f32_of(a))); }
fn f_clip(a: u32, b: u32, c: u32) -> u32 { return word(min(max(f32_of(a), f32_of(b)), f32_of(c))); }
fn f_thresholded_relu(a: u32, b: u32) -> u32 { return word(select(0.0, f32_of(a), f32_of(a) > f32_of(b))); }
fn f_elu(a: u32, b: u32, c: u32) -> u32 { return word(elu(f32_of(a), vec2(f32_of(b), f32_of(c)))); }
fn f_gelu(a: u32) -> u32 { return word(gelu(f32_of(a))); }
fn f_gelu_tanh(a: u32) -> u32 { return word(gelu_tanh(f32_of(a))); }
fn f_mish(a: u32) -> u32 { return word(f32_of(a) * hyperbolic_tangent(softplus(f32_of(a)))); }
fn f_softplus(a: u32) -> u32 { return word(softplus(f32_of(a))); }
fn f_softsign(a: u32) -> u32 { return word(f32_of(a) / (1.0 + abs(f32_of(a)))); }
fn f_hard_sigmoid(a: u32, b: u32, c: u32) -> u32 { return word(ramp(f32_of(a), vec2(f32_of(b), f32_of(c)))); }
fn f_hard_swish(a: u32, b: u32, c: u32) -> u32 { return word(f32_of(a) * ramp(f32_of(a), vec2(f32_of(b), f32_of(c)))); }
fn f_sin(a: u32) -> u32 { return word(sine(f32_of(a))); }
fn f_cos(a: u32) -> u32 { return word(cosine(f32_of(a))); }
fn f_asin(a: u32) -> u32 { return word(arcsine(f32_of(a))); }
fn f_acos(a: u32) -> u32 { return word(arccosine(f32_of(a))); }
fn f_atan(a: u32) -> u32 { return word(arctangent(f32_of(a))); }
fn f_exp(a: u32) -> u32 { return word(exp(f32_of(a))); }
fn f_log(a: u32) -> u32 { return word(log(f32_of(a))); }
fn f_sqrt(a: u32) -> u32 { return word(sqrt(f32_of(a))); }
fn f_reciprocal(a: u32) -> u32 { return word(1.0 / f32_of(a)); }
fn f_erf(a: u32) -> u32 { return word(error_function(f32_of(a))); }
fn f_floor(a: u32) -> u32 { return word(floor(f32_of(a))); }
fn f_ceil(a: u32) -> u32 { return word(ceil(f32_of(a))); }
fn f_round(a: u32) -> u32 { return word(round(f32_of(a))); }
fn f_neg(a: u32) -> u32 { return word(-f32_of(a)); }
fn f_abs(a: u32) -> u32 { return word(abs(f32_of(a))); }
fn f_sign(a: u32) -> u32 { return word(sign(f32_of(a))); }
