//! Every kind of error that a person can cause with a command, in one list to read: `messages.txt`. `UPDATE_EXPECT=1` writes it anew.
//!
//! Read it as somebody who never saw the code: each message says what is wrong with which argument or file, and what to do.

use expect_test::expect_file;

use crate::sandbox::{GENERATOR, Sandbox};

/// Commands that fail, in a folder with
/// - `noise.generator.safetensors` (two outputs, one input `wear`), `model.onnx` (enlarges a picture four times),
/// - `bad.generator.safetensors`, `bad.onnx`, `bad.png`, `bad.pack`: a few words of text,
/// - `cut.generator.safetensors`: half a generator,
/// - `empty`: an empty folder; `sprites/bar/a.png`: a sprite; `large/bar/a.png`: a larger one; `grey.png`: a grey picture.
const COMMANDS: &str = "
inspect nothing
inspect bad.generator.safetensors
inspect cut.generator.safetensors
inspect empty
inspect noise.generator.safetensors --size 10
generate nothing.generator.safetensors --out o
generate nothing.onnx --out o
generate bad.onnx --out o
generate cut.generator.safetensors --out o
generate noise.generator.safetensors
generate noise.generator.safetensors --out o.png
generate noise.generator.safetensors --out none/o.png
generate noise.generator.safetensors --out bad.png/o
generate noise.generator.safetensors --ktx2 --out o.png
generate noise.generator.safetensors --size 0x4 --out o
generate noise.generator.safetensors --size 20000x4 --out o
generate noise.generator.safetensors --set rust=1 --out o
generate noise.generator.safetensors --set wear --out o
generate noise.generator.safetensors --set wear=much --out o
generate noise.generator.safetensors --set wear=7 --out o
generate noise.generator.safetensors --steps 4000000000 --out o
generate noise.generator.safetensors --image grey.png --out o
generate noise.generator.safetensors --input wear=image --out o
generate noise.generator.safetensors --patch 1 --out o
generate noise.generator.safetensors --patch 999999999999,0 --out o
generate noise.generator.safetensors --cube --out o.png
generate noise.generator.safetensors --memory 0 --out o
generate noise.generator.safetensors --backend tpu --out o
generate noise_material --size 100x64 --backend cpu --out o
generate noise_material --patch 3,3 --cube --out o
generate cloudy_sky --size 64x64 --backend cpu --out o
generate cloudy_sky --size 8x8 --cube --backend cpu --out o.png
generate cloudy_sky --size 16x8 --preview=inf --backend cpu --out o
generate model.onnx --out o
generate model.onnx --image nothing.png --out o
generate model.onnx --image bad.png --out o
generate model.onnx --image photo=grey.png --out o
generate model.onnx --image grey.png --image grey.png --out o
generate model.onnx --image grey.png --size 30x30 --backend cpu --out o
generate --from nothing.png --out o.png
generate --from bad.png --out o.png
generate --from grey.png --out o.png
generate --from grey.png --seed 3 --out o.png
compare bad.generator.safetensors
compare noise.generator.safetensors --set wear=much
bench bad.generator.safetensors
bench noise.generator.safetensors --runs 0
generators --out bad.png
import nothing.onnx --out o.generator.safetensors
import bad.onnx --out o.generator.safetensors
import model.onnx --out o.onnx
import model.onnx --out none/o.generator.safetensors
import model.onnx --out o.generator.safetensors --input image=colour
import model.onnx --out o.generator.safetensors --input picture=image
import model.onnx --out o.generator.safetensors --input image=image:srgb@3..1
onnx-test nothing
onnx-test empty
pack nothing --out o.pack
pack empty --out o.pack
pack bad.png --out o.pack
pack sprites --out none/o.pack
pack sprites --out empty
pack sprites --leave-out bar --out o.pack
pack sprites --captions nothing.tsv --out o.pack
pack sprites --captions bad.png --out o.pack
train texture nothing.png --out o.generator.safetensors
train texture bad.png --out o.generator.safetensors
train texture empty --out o.generator.safetensors
train texture grey.png --out o.generator.safetensors
train texture grey.png --out o.png
train texture grey.png --out none/o.generator.safetensors
train texture grey.png --out o.generator.safetensors --resume
train texture grey.png --out o.generator.safetensors --folder bad.png
train texture grey.png --out o.generator.safetensors --from bad.generator.safetensors
train texture grey.png --out o.generator.safetensors --from noise.generator.safetensors
train texture sprites/bar/a.png --out o.generator.safetensors --channels 7
train sprites nothing --out o.generator.safetensors
train sprites bad.pack --out o.generator.safetensors
train sprites empty --out o.generator.safetensors
train sprites large --out o.generator.safetensors
train sprites sprites --out o.generator.safetensors --batch 0
train upscale --out o.generator.safetensors
train upscale nothing --out o.generator.safetensors
train upscale empty --out o.generator.safetensors
train upscale sprites --out o.generator.safetensors
train upscale sprites --out o.generator.safetensors --crop 32
train upscale sprites --out o.generator.safetensors --crop 32 --held-out bad.png
train upscale sprites --out o.generator.safetensors --factor 3
train upscale sprites --out o.generator.safetensors --network vdsr
evaluate noise.generator.safetensors --data empty
evaluate noise.generator.safetensors --data empty --family sprites
evaluate noise.generator.safetensors --data sprites --family upscale
evaluate noise.generator.safetensors --data sprites --data empty --family sprites
evaluate noise.generator.safetensors --data sprites --family sprites --report bad.png
evaluate noise.generator.safetensors --data sprites --family sprites --history x=nothing --report o
completions dos
man bad.png
dance
";

#[test]
#[cfg(target_os = "linux")]
fn messages_are_as_they_were_read() {
    let sandbox = Sandbox::with_family("srvgg");
    imagine_graph::file::save(
        sandbox.path(GENERATOR),
        &crate::sandbox::small_generator(),
        imagine_graph::file::WeightFormat::F32,
    )
    .unwrap();
    for name in ["bad.generator.safetensors", "bad.onnx", "bad.png", "bad.pack"] {
        std::fs::write(sandbox.path(name), "a few words of text").unwrap();
    }
    let whole = sandbox.bytes(GENERATOR);
    std::fs::write(sandbox.path("cut.generator.safetensors"), &whole[..whole.len() / 2]).unwrap();
    for folder in ["empty", "sprites/bar", "large/bar"] {
        std::fs::create_dir_all(sandbox.path(folder)).unwrap();
    }
    image::RgbaImage::from_fn(32, 32, |x, y| image::Rgba([(x * 8) as u8, (y * 8) as u8, 0, 255]))
        .save(sandbox.path("sprites/bar/a.png"))
        .unwrap();
    image::RgbaImage::new(48, 32).save(sandbox.path("large/bar/a.png")).unwrap();
    image::GrayImage::from_pixel(32, 32, image::Luma([90])).save(sandbox.path("grey.png")).unwrap();
    let before = sandbox.names();
    let mut list = String::new();
    for arguments in COMMANDS.lines().filter(|line| !line.is_empty()) {
        list += &format!("$ imagine {arguments}\n{}\n", sandbox.fail(arguments));
        assert_eq!(sandbox.names(), before, "{arguments}");
    }
    expect_file!["messages.txt"].assert_eq(&list);
}
