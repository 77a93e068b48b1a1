//! Wrong input: exit code 2, one message that says what is wrong, and no files.

use crate::sandbox::Sandbox;

/// Runs `arguments` among a valid generator, a broken one and a file that is no picture; the error must contain `part`.
fn refuse(arguments: &str, part: &str) {
    let sandbox = Sandbox::with_generator();
    std::fs::write(sandbox.path("bad.generator.safetensors"), b"no generator").unwrap();
    std::fs::write(sandbox.path("plain.png"), b"no picture").unwrap();
    let before = sandbox.names();
    let message = sandbox.fail(arguments);
    assert!(message.contains(part), "{arguments}: {part:?} is missing in {message}");
    assert_eq!(sandbox.names(), before);
}

macro_rules! refused {
    ($($name:ident: $arguments:literal, $part:literal;)*) => {
        $(#[test]
        fn $name() {
            refuse($arguments, $part);
        })*
    };
}

refused! {
    a_missing_generator: "generate missing.generator.safetensors --out o", "missing";
    a_broken_generator: "generate bad.generator.safetensors --out o", "bad";
    a_size_of_one_number: "generate noise.generator.safetensors --size 12 --out o", "WIDTHxHEIGHT";
    a_size_of_zero: "generate noise.generator.safetensors --size 0x5 --out o", "WIDTHxHEIGHT";
    an_unknown_input: "generate noise.generator.safetensors --set rust=1 --out o --backend cpu", "wear";
    a_word_for_a_number: "generate noise.generator.safetensors --set wear=much --out o --backend cpu", "number";
    an_input_without_value: "generate noise.generator.safetensors --set wear --out o", "NAME=VALUE";
    too_many_steps: "generate noise.generator.safetensors --steps 4000000000 --out o --backend cpu", "steps";
    two_outputs_in_one_file: "generate noise.generator.safetensors --out one.png --backend cpu", "roughness";
    two_outputs_in_one_ktx2_file: "generate noise.generator.safetensors --out x.ktx2", "give a folder";
    a_png_name_for_ktx2: "generate noise.generator.safetensors --ktx2 --out x.png", "x.png";
    a_recipe_from_no_picture: "generate --from plain.png --out o.png", "not a PNG";
    a_seed_with_a_recipe: "generate --from plain.png --seed 3 --out o.png", "cannot be used with";
    nowhere_to_write: "generate noise.generator.safetensors", "--out";
    a_patch_of_one_number: "generate noise.generator.safetensors --patch 1 --out x", "X,Y";
    a_patch_beyond_the_world: "generate noise.generator.safetensors --patch 999999999999,0 --out x", "end of the world";
    a_sky_without_faces: "generate cloudy_sky --size 64x64 --out o --backend cpu", "a batch of 6 square images";
    six_faces_in_one_file: "generate cloudy_sky --size 8x8 --cube --out o.png --backend cpu", "give a folder";
    an_unsupported_size: "generate noise_material --size 100x64 --out o --backend cpu", "128x64";
    inspecting_a_broken_generator: "inspect bad.generator.safetensors", "bad";
    comparing_a_broken_generator: "compare bad.generator.safetensors", "bad";
    measuring_a_broken_generator: "bench bad.generator.safetensors", "bad";
    training_into_a_picture: "train texture plain.png --out x.png", "generator.safetensors";
    training_on_no_picture: "train texture plain.png --out x.generator.safetensors", "plain.png";
    resuming_nothing: "train texture plain.png --out x.generator.safetensors --resume", "no resume set";
    an_unknown_command: "dance", "unrecognized";
}
