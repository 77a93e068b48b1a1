//! Disks and pipes that take nothing: found before the work where possible; one message, exit code 2, and old files stay.

use std::fs::File;
use std::process::{Command, Output};

use crate::sandbox::{GENERATOR, Sandbox};

/// What a command that fails says.
fn message(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.matches("error:").count(), 1, "{stderr}");
    stderr
}

#[test]
fn a_missing_folder_is_found_before_anything_is_read() {
    let sandbox = Sandbox::with_generator();
    let before = sandbox.names();
    for arguments in [
        "pack nothing --out none/x.pack",
        "import nothing.onnx --out none/x.generator.safetensors",
        "train texture nothing.png --out none/x.generator.safetensors",
        "train sprites nothing --out none/x.generator.safetensors",
        "generate cloudy_sky --size 16x8 --backend cpu --out none/x.hdr",
    ] {
        let message = sandbox.fail(arguments);
        assert!(message.contains("there is no folder \"none\": make it first"), "{arguments}: {message}");
        assert_eq!(sandbox.names(), before, "{arguments}");
    }
}

#[test]
fn names_that_are_taken_are_found_before_the_work() {
    let sandbox = Sandbox::with_generator();
    std::fs::create_dir(sandbox.path("folder.pack")).unwrap();
    assert!(sandbox.fail("pack nothing --out folder.pack").contains("folder.pack: is a folder"));
    let message = sandbox.fail(&format!("generate {GENERATOR} --backend cpu --out {GENERATOR}/maps"));
    assert!(message.contains("noise.generator.safetensors: is not a folder"), "{message}");
    assert!(sandbox.fail(&format!("generators --out {GENERATOR}")).contains("is not a folder"));
    let mut permissions = std::fs::metadata(sandbox.path(GENERATOR)).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(sandbox.path(GENERATOR), permissions).unwrap();
    let message = sandbox.fail(&format!("import nothing.onnx --out {GENERATOR}"));
    assert!(message.contains("is write-protected"), "{message}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_takes_no_files_is_found_before_the_work() {
    let sandbox = Sandbox::new();
    let message = sandbox.fail("train texture nothing.png --out x.generator.safetensors --folder /proc/training");
    assert!(message.contains("--folder: /proc/training: the folder \"/proc\" takes no files"), "{message}");
    assert!(sandbox.names().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said_once() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("data/bar")).unwrap();
    image::GrayImage::new(32, 32).save(sandbox.path("data/bar/a.png")).unwrap();
    let message = sandbox.fail("pack data --out /dev/full");
    assert!(message.contains("/dev/full: the disk is full") && message.contains("free some space"), "{message}");
    assert_eq!(message.matches("No space left").count(), 1, "{message}");
}

#[cfg(target_os = "linux")]
fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn results_that_stdout_does_not_take_are_an_error() {
    let sandbox = Sandbox::new();
    for arguments in ["generators", "generators --json", "inspect cloudy_sky", "completions bash"] {
        let output = sandbox.command(arguments).stdout(full()).output().unwrap();
        assert!(message(&output).contains("the result cannot be written to stdout"), "{arguments}");
    }
    assert_eq!(sandbox.command("--help").stdout(full()).status().unwrap().code(), Some(2));
}

#[test]
#[cfg(target_os = "linux")]
fn notes_that_stderr_does_not_take_are_lost_and_nothing_else() {
    let sandbox = Sandbox::with_family("srvgg");
    let code = |command: &mut Command| command.stderr(full()).output().unwrap().status.code();
    let generate = "generate model.onnx --size 8x8 --set image=0.5 --backend cpu --out made";
    let expected = sandbox.command(generate).output().unwrap().status.code();
    assert_eq!(code(&mut sandbox.command(generate)), expected);
    assert_eq!(code(&mut sandbox.command("inspect nothing")), Some(2));
    assert_eq!(code(&mut sandbox.command("dance")), Some(2));
}

/// The command on a machine without a Vulkan driver.
#[cfg(target_os = "linux")]
fn without_vulkan(sandbox: &Sandbox, arguments: &str) -> Output {
    let mut command = sandbox.command(arguments);
    // Elsewhere wgpu would fall back to OpenGL.
    command.env("VK_DRIVER_FILES", "/nothing").env("VK_ICD_FILENAMES", "/nothing").env("WGPU_BACKEND", "vulkan");
    command.output().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_driver_the_message_says_what_to_do() {
    let sandbox = Sandbox::with_generator();
    image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([(x * 8) as u8, (y * 8) as u8, 0]))
        .save(sandbox.path("picture.png"))
        .unwrap();
    let train = "train texture picture.png --side 32 --out x.generator.safetensors --backend wgpu";
    let bench = format!("bench {GENERATOR} --size 8x8 --runs 1 --warm 1");
    let first = format!("first-image {GENERATOR} --size 8x8 --by burn-wgpu");
    let generate = format!("generate {GENERATOR} --size 8x8 --out made");
    for (arguments, part) in [
        (train, "--backend flex trains on the CPU"),
        (&bench, "`imagine generate --backend cpu` needs none"),
        (&first, "burn-wgpu finds no Vulkan driver"),
        (&generate, "`imagine generate --backend cpu` needs none"),
    ] {
        let message = message(&without_vulkan(&sandbox, arguments));
        assert!(message.contains(part) && message.contains("imagine doctor"), "{arguments}: {message}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn doctor_needs_no_driver() {
    let output = without_vulkan(&Sandbox::new(), "doctor --json");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(report["adapters"], serde_json::json!([]));
    let advice = report["advice"].to_string();
    assert!(advice.contains("fits WGPU_BACKEND=vulkan") && advice.contains("mesa-vulkan-drivers"), "{report:#}");
}

#[test]
fn a_disk_without_room_is_found_before_the_work() {
    let sandbox = Sandbox::with_family("srvgg");
    std::fs::create_dir_all(sandbox.path("data/bar")).unwrap();
    let noise = |x: u32, y: u32| image::Rgba([(x * 83 % 251) as u8, (y * 57 % 241) as u8, (x * y % 239) as u8, 255]);
    for index in 0..16 {
        let picture = image::RgbaImage::from_fn(32, 32, |x, y| noise(x + index, y));
        picture.save(sandbox.path(&format!("data/bar/{index}.png"))).unwrap();
    }
    let before = sandbox.names();
    let file = "x.generator.safetensors";
    for (arguments, place) in [
        ("generate noise_material --size 512x512 --backend cpu --out maps".to_string(), "--out: maps"),
        ("generate model.onnx --image data/bar/0.png --backend cpu --out large.exr".into(), "--out: large.exr"),
        ("pack data --out x.pack".into(), "--out: x.pack"),
        (format!("import model.onnx --out {file}"), "--out: x.generator.safetensors"),
        (format!("train texture data/bar/0.png --side 32 --out {file} --folder a"), "--folder: a"),
        (format!("train sprites data --out {file} --folder b"), "--folder: b"),
    ] {
        let output = sandbox.command(&arguments).env("IMAGINE_FREE_BYTES", "4000").output().unwrap();
        let message = message(&output);
        assert!(message.contains(&format!("{place}: at least ")), "{arguments}: {message}");
        assert!(message.contains("the disk has 3.9 KiB free: free some space, or choose another place"), "{message}");
        assert_eq!(output.stdout, b"", "{arguments}");
    }
    // Only the folders of the trainings were made, with their locks.
    let made: Vec<String> = sandbox.names().into_iter().filter(|name| !before.contains(name)).collect();
    assert_eq!(made, ["a", "b"]);
    assert!(["a/resume", "b/resume"].iter().all(|set| !sandbox.path(set).exists()));
    sandbox.succeed("generate noise_material --size 64x64 --backend cpu --out maps");
}

#[test]
fn a_size_that_no_memory_holds_is_found_before_the_work() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("generate noise_material --size 512x512 --backend cpu --out maps");
    let message = message(&command.env("IMAGINE_MEMORY_BYTES", "8388608").output().unwrap());
    // Ten channels of floats, twice.
    assert!(message.contains("at least 20 MiB of memory are needed, and this machine has 8 MiB"), "{message}");
    assert!(sandbox.names().is_empty());
}
