//! Every shader in every variant, without a GPU: it composes, validates, and agrees with Rust about bindings and params.
//!
//! The variants come from lowering the cases of all operators, so a new operator or case is covered without an edit here, and
//! from the lists of fused kernels and texture passes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use imagine_graph::{Case, Op};
use imagine_wgpu::analysis::fused::{fuses_activation, is_blocked_convolution};
use imagine_wgpu::{
    Activation, FusedOps, KernelCall, KernelTarget, Lowering, NodeInput, Operand, ParamsLayout, ShaderComposer,
    ShaderDef, WORKGROUP, texture_io,
};

use crate::compare::report;

type Defs = Vec<(&'static str, ShaderDef)>;

/// The kernel calls of one case, with `activation` fused where the operator can.
fn lower(case: &Case, activation: Activation) -> Vec<KernelCall> {
    let (graph, _) = case.graph();
    let valid = graph.validate().unwrap();
    let bound = valid.bind(case.size()).unwrap();
    let node = &valid.nodes()[0];
    let input = |value: &imagine_graph::ValueId| NodeInput {
        value: *value,
        value_type: bound.value_type(*value),
        weight: valid.weight(*value),
    };
    let inputs = node.inputs.iter().map(|value| value.as_ref().map(input)).collect();
    let outputs = node.outputs.iter().map(|value| (*value, bound.value_type(*value))).collect();
    let mut lowering = Lowering { activation, ..Lowering::new(&node.name, case.size(), inputs, outputs) };
    let mut calls = Vec::new();
    let mut add = |lowering: &Lowering| {
        calls.extend(imagine_wgpu::ops::lower(&node.op, lowering));
    };
    add(&lowering);
    let outside = lowering.inputs.iter().map(|input| input.map(|input| NodeInput { weight: None, ..input })).collect();
    add(&Lowering { inputs: outside, ..lowering.clone() });
    if is_blocked_convolution(&node.op, &lowering.inputs) {
        let slopes = vec![0.25; lowering.result.shape[1]];
        let addend = node.outputs.first().map(input);
        for slopes in [None, Some(slopes.as_slice())] {
            for addend in [None, addend] {
                for target in [KernelTarget::Gpu, KernelTarget::CpuSubgroups] {
                    let activation = if slopes.is_some() { Activation::None } else { activation };
                    lowering.fused = FusedOps { slopes, addend, ..FusedOps::default() };
                    (lowering.activation, lowering.target) = (activation, target);
                    add(&lowering);
                }
            }
        }
    }
    calls
}

/// A shader variant, composed.
struct Variant {
    shader: &'static str,
    defs: Defs,
    layout: ParamsLayout,
    /// The kernel call that needs it; a texture pass has none.
    call: Option<KernelCall>,
    module: Result<naga::Module, String>,
}

/// Every variant that the operators' cases, the fused kernels and the texture passes need, composed once for all tests.
fn variants() -> &'static [Variant] {
    static VARIANTS: OnceLock<Vec<Variant>> = OnceLock::new();
    VARIANTS.get_or_init(|| {
        let mut composer = ShaderComposer::new().unwrap();
        let mut variant = |shader, defs: Defs, layout, call| {
            let module = composer.compose(shader, &defs).map_err(|error| error.to_string());
            Variant { shader, defs, layout, call, module }
        };
        let kernels = kernels().into_iter();
        let mut variants: Vec<_> =
            kernels.map(|((shader, defs), call)| variant(shader, defs, call.params_layout, Some(call))).collect();
        for pass in texture_io::variants() {
            assert_eq!(pass.params_layout.size, pass.params.len());
            variants.push(variant(pass.pipeline.shader, pass.pipeline.defs, pass.params_layout, None));
        }
        variants
    })
}

/// One call of every kernel variant.
fn kernels() -> BTreeMap<(&'static str, Defs), KernelCall> {
    let activations = [
        Activation::None,
        Activation::Relu,
        Activation::LeakyRelu(0.1),
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Clip(0.0, 1.0),
    ];
    let fused = [imagine_wgpu::ops::automaton::variants(), imagine_wgpu::ops::elementwise::variants()];
    let mut variants: BTreeMap<_, _> =
        fused.into_iter().flatten().map(|call| ((call.shader, call.defs.clone()), call)).collect();
    for case in Op::ALL.iter().flat_map(|info| (info.cases)()) {
        let is_fused = fuses_activation(&case.op) || matches!(case.op, Op::ConvTranspose(_));
        let count = if is_fused { activations.len() } else { 1 };
        for call in activations[..count].iter().flat_map(|activation| lower(&case, *activation)) {
            variants.insert((call.shader, call.defs.clone()), call);
        }
    }
    variants
}

/// Fails with all faults of the composed variants at once.
fn check(faults_of: impl Fn(&Variant, &naga::Module) -> Vec<String>) {
    let mut faults = Vec::new();
    for variant in variants() {
        if let Ok(module) = &variant.module {
            let found = faults_of(variant, module).into_iter();
            faults.extend(found.map(|fault| format!("{} {:?}: {fault}", variant.shader, variant.defs)));
        }
    }
    report(faults);
}

#[test]
fn every_variant_composes() {
    report(variants().iter().filter_map(|variant| variant.module.as_ref().err().cloned()).collect());
}

#[test]
fn every_kernel_has_the_bindings_of_its_call() {
    check(|variant, module| variant.call.iter().flat_map(|call| check_bindings(module, call)).collect());
}

#[test]
fn every_params_struct_has_the_layout_of_its_shader() {
    assert!(variants().iter().all(|variant| variant.layout.shader == variant.shader));
    check(|variant, module| check_layout(module, &variant.layout));
}

#[test]
fn every_shader_has_a_variant() {
    let used: BTreeSet<&str> = variants().iter().map(|variant| variant.shader).collect();
    let entries = imagine_shaders::folder("ops").chain(imagine_shaders::folder("texture_io"));
    let idle: Vec<&str> = entries.map(|(path, _)| path).filter(|path| !used.contains(path)).collect();
    assert!(idle.is_empty(), "no case reaches {idle:?}");
}

/// `%` of signed integers is OpSRem on Vulkan, which is undefined for negative operands: a GPU differed from software Vulkan.
#[test]
fn no_shader_takes_the_remainder_of_signed_integers() {
    check(|_, module| {
        let mut validator =
            naga::valid::Validator::new(naga::valid::ValidationFlags::empty(), naga::valid::Capabilities::all());
        let info = validator.validate(module).unwrap();
        let functions = module.functions.iter().map(|(handle, function)| (function, &info[handle]));
        let entries = module.entry_points.iter().enumerate().map(|(i, e)| (&e.function, info.get_entry_point(i)));
        let mut faults = Vec::new();
        for (function, info) in functions.chain(entries) {
            for (handle, expression) in function.expressions.iter() {
                let modulo = matches!(expression, naga::Expression::Binary { op: naga::BinaryOperator::Modulo, .. });
                let kind = info[handle].ty.inner_with(&module.types).scalar_kind();
                if modulo && kind == Some(naga::ScalarKind::Sint) {
                    faults.push(format!("in {:?}", function.name));
                }
            }
        }
        faults
    });
}

/// The rule of `imagine_wgpu::KernelCall`: params, operands, outputs, with nothing between, before or after.
fn check_bindings(module: &naga::Module, call: &KernelCall) -> Vec<String> {
    let read_write = naga::StorageAccess::LOAD | naga::StorageAccess::STORE;
    let storage = |access| naga::AddressSpace::Storage { access };
    let mut expected = vec![naga::AddressSpace::Uniform];
    expected.extend(call.operands.iter().map(|operand| match operand {
        Operand::Value(_) => storage(read_write),
        Operand::Packed(_) => storage(naga::StorageAccess::LOAD),
    }));
    expected.extend(call.outputs.iter().map(|_| storage(read_write)));
    let mut found = BTreeMap::new();
    for (_, variable) in module.global_variables.iter() {
        if let Some(binding) = &variable.binding {
            found.insert((binding.group, binding.binding), variable.space);
        }
    }
    let mut faults = Vec::new();
    let wanted: BTreeMap<_, _> = expected.into_iter().enumerate().map(|(i, space)| ((0, i as u32), space)).collect();
    if found != wanted {
        faults.push(format!("bindings are {found:?}, the call has {wanted:?}"));
    }
    let entries: Vec<_> = module.entry_points.iter().map(|e| (e.name.as_str(), e.workgroup_size)).collect();
    if entries != [("main", [WORKGROUP, 1, 1])] {
        faults.push(format!("entry points are {entries:?}"));
    }
    let params = module.global_variables.iter().find(|(_, v)| v.space == naga::AddressSpace::Uniform);
    let size = params.map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()));
    if size != Some(call.params.len() as u32) {
        faults.push(format!("params have {size:?} bytes, the call has {}", call.params.len()));
    }
    faults
}

/// Compares size, and name, offset and size of every member, of the params uniform.
fn check_layout(module: &naga::Module, layout: &ParamsLayout) -> Vec<String> {
    let Some((_, params)) = module.global_variables.iter().find(|(_, v)| v.space == naga::AddressSpace::Uniform) else {
        return vec!["has no params uniform".into()];
    };
    let naga::TypeInner::Struct { members, span } = &module.types[params.ty].inner else {
        return vec!["params are not a struct".into()];
    };
    let found: Vec<_> = members
        .iter()
        .map(|m| {
            let size = module.types[m.ty].inner.size(module.to_ctx());
            (m.name.as_deref().unwrap_or_default(), m.offset as usize, size as usize)
        })
        .collect();
    let mut faults = Vec::new();
    if found != layout.members {
        faults.push(format!("params members (name, offset, size) are\n{found:?}, in Rust\n{:?}", layout.members));
    }
    if *span as usize != layout.size {
        faults.push(format!("params have {span} bytes, in Rust {}", layout.size));
    }
    faults
}
