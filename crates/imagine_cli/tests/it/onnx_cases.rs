//! Networks as people have them (`tests/onnx/cases`): a picture made with `imagine generate` is onnxruntime's answer, or the command
//! says what to type.

use imagine_onnx::tensor_from_onnx;

use crate::sandbox::Sandbox;

fn folder(case: &str) -> String {
    format!("{}/../../tests/onnx/cases/{case}", env!("CARGO_MANIFEST_DIR"))
}

/// A sandbox with the case's model and, if it reads a picture, that picture as `in.png`.
fn sandbox(case: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::copy(format!("{}/model.onnx", folder(case)), sandbox.path("model.onnx")).unwrap();
    let (bytes, [_, height, width]) = pixels(case, "input_0", 0..3);
    image::RgbImage::from_raw(width as u32, height as u32, bytes).unwrap().save(sandbox.path("in.png")).unwrap();
    sandbox
}

/// Some channels of a tensor file as bytes, channels last, and its channels, height and width.
fn pixels(case: &str, file: &str, channels: std::ops::Range<usize>) -> (Vec<u8>, [usize; 3]) {
    let bytes = std::fs::read(format!("{}/test_data_set_0/{file}.pb", folder(case))).unwrap();
    let tensor = tensor_from_onnx(&bytes).unwrap().tensor;
    let last = tensor.shape[3] <= 4 && tensor.shape[1] > 4;
    let [count, height, width] = if last { [3, 1, 2] } else { [1, 2, 3] }.map(|axis| tensor.shape[axis]);
    let at = |channel: usize, pixel: usize| match last {
        true => pixel * count + channel,
        false => channel * height * width + pixel,
    };
    let byte = |index: usize| match &tensor.data {
        imagine_graph::TensorData::F32(floats) => (floats[index].clamp(0.0, 1.0) * 255.0).round() as u8,
        imagine_graph::TensorData::I32(whole) => whole[index] as u8,
        imagine_graph::TensorData::Bool(_) => unreachable!("no case has truth values"),
    };
    let all = (0..height * width).flat_map(|pixel| channels.clone().map(move |channel| (channel, pixel)));
    (all.map(|(channel, pixel)| byte(at(channel, pixel))).collect(), [count, height, width])
}

/// Compares a picture with channels of the answer; rounding may differ by one level.
fn compare(sandbox: &Sandbox, picture: &str, case: &str, channels: std::ops::Range<usize>) {
    let (expected, [_, height, width]) = pixels(case, "output_0", channels.clone());
    let made = image::open(sandbox.path(picture)).unwrap();
    assert_eq!((made.width() as usize, made.height() as usize), (width, height), "{case}");
    let found = match channels.len() {
        1 => made.into_luma8().into_raw(),
        3 => made.into_rgb8().into_raw(),
        _ => made.into_rgba8().into_raw(),
    };
    let worst = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(1), "{case} {picture}: {worst:?} levels");
    assert!(expected.iter().any(|byte| *byte != expected[0]), "{case}: the answer is one colour");
}

/// Generates with `more` arguments.
fn generate(sandbox: &Sandbox, out: &str, more: &str) -> [String; 2] {
    sandbox.succeed(&format!("generate model.onnx --image in.png --backend cpu --out {out} {more}"))
}

#[test]
fn pictures_are_those_of_onnxruntime() {
    for case in [
        "bicubic_x4",
        "dim_None",
        "dim_width_height",
        "fixed_height",
        "identity_net",
        "local_functions",
        "nhwc_float",
        "nhwc_uint8",
        "nodes_out_of_order",
        "qdq_int8",
        "self_attention",
        "shared_symbol",
        "uint8_nchw",
        "unused_input",
        "weight_only_int4",
    ] {
        let sandbox = sandbox(case);
        generate(&sandbox, "out.png", "");
        compare(&sandbox, "out.png", case, 0..3);
    }
}

#[test]
fn channels_become_maps() {
    let rgba = sandbox("rgba_out");
    let [_, told] = generate(&rgba, "out", "");
    assert!(told.contains("y/0..3 is base_color (guessed)") && told.contains("y/3 is alpha (guessed)"), "{told}");
    compare(&rgba, "out/y_base_color.png", "rgba_out", 0..3);
    compare(&rgba, "out/y_alpha.png", "rgba_out", 3..4);
    generate(&rgba, "out.png", "");
    compare(&rgba, "out.png", "rgba_out", 0..4);
    rgba.succeed("generate model.onnx --image in.png --from out.png --out again.png");
    assert_eq!(rgba.bytes("again.png"), rgba.bytes("out.png"));
    let six = sandbox("six_ch_out");
    let told = six.fail("generate model.onnx --image in.png --backend cpu --out out.png");
    assert!(told.contains("\"y\" has 6 channels") && told.contains("--output y/0..3=base_color"), "{told}");
    generate(&six, "out", "--output y/0..3=base_color --output y/3..6=emissive");
    compare(&six, "out/y_base_color.png", "six_ch_out", 0..3);
    compare(&six, "out/y_emissive.png", "six_ch_out", 3..6);
}

#[test]
fn an_output_smaller_than_its_input_is_explained() {
    let sandbox = sandbox("valid_convs_open");
    let told = sandbox.fail("generate model.onnx --image in.png --backend cpu --out out.png");
    assert!(told.contains("(width - 4) x (height - 4)") && told.contains("--dim x/2=256 --dim x/3=256"), "{told}");
    assert!(told.contains("convolutions without padding cut the border"), "{told}");
    assert!(!told.contains("Options::"), "{told}");
    generate(&sandbox, "out.png", "--dim x/2=12 --dim x/3=10");
    compare(&sandbox, "out.png", "valid_convs_open", 0..3);
    let told = sandbox.fail("generate model.onnx --image in.png --dim x/2=12 --dim x/3=10 --size 64x64 --out out.png");
    assert!(told.contains("multiple of 6"), "{told}");
}

#[test]
fn an_output_larger_than_its_input_by_a_pixel_is_explained() {
    let sandbox = sandbox("convT_dil");
    let told = sandbox.fail("generate model.onnx --image in.png --backend cpu --out out.png");
    assert!(told.contains("(2 * width + 1) x (2 * height + 1)") && told.contains("--dim x/2=256"), "{told}");
    assert!(told.contains("a transposed convolution has too little padding"), "{told}");
    assert!(!told.contains("cut the border") && told.contains("with more padding there"), "{told}");
    generate(&sandbox, "out.png", "--dim x/2=12 --dim x/3=10");
    compare(&sandbox, "out.png", "convT_dil", 0..3);
}

#[test]
fn a_label_is_set_like_any_number() {
    let sandbox = Sandbox::new();
    std::fs::copy(format!("{}/model.onnx", folder("class_label")), sandbox.path("model.onnx")).unwrap();
    let make = |name: &str, more: &str| {
        sandbox.succeed(&format!("generate model.onnx --backend cpu --out {name}.png {more}"));
        image::open(sandbox.path(&format!("{name}.png"))).unwrap().into_rgb8().into_raw()
    };
    let default = make("a", "");
    assert_eq!(make("b", "--set label=0"), default);
    assert_ne!(make("c", "--set label=3"), default);
    let told = sandbox.fail("generate model.onnx --backend cpu --out d.png --set label=10");
    assert!(told.contains("\"label\"") && told.contains("0 to 9"), "{told}");
    let told = sandbox.fail("generate model.onnx --backend cpu --out d.png --size 64x64");
    assert!(told.contains("8x8"), "{told}");
}

#[test]
fn a_picture_that_attention_cannot_hold_says_so() {
    let sandbox = sandbox("self_attention");
    let told = sandbox.fail("generate model.onnx --image in.png --size 512x512 --backend cpu --out out.png");
    assert!(told.contains("[1, 262144, 262144]") && told.contains("--size"), "{told}");
}

#[test]
fn every_command_reads_onnx_files() {
    let sandbox = sandbox("dim_None");
    let [report, _] = sandbox.succeed("inspect model.onnx --size 16x16 --json");
    assert!(report.contains("base_color"), "{report}");
    let [text, _] = sandbox.succeed("inspect model.onnx --input x=image:linear --dim x/2=8 --dim x/3=8");
    assert!(text.contains("linear image"), "{text}");
    if imagine_wgpu::headless::Gpu::for_test(imagine_wgpu::BoundsChecks::On).is_some() {
        sandbox.succeed("compare model.onnx --size 16x16");
        sandbox.succeed("compare model.onnx --size 16x16 --output y=base_color@0..2");
    }
}
