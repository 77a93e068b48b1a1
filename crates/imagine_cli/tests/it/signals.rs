//! Signals and locks of a running training.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;

/// A training of many short updates with a checkpoint after each.
const TRAIN: &str = "train texture picture.png --out x.generator.safetensors --side 32 --channels 8 --hidden 16 --torus 16 \
                     --batch 1 --rollout 3 5 --pool 3 --levels 2 --patches 64 --steps 4 --checkpoint-every 1 \
                     --preview-every 100000";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let picture = image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([(x * 8) as u8, (y * 8) as u8, (x * y) as u8]));
    picture.save(sandbox.path("picture.png")).unwrap();
    sandbox
}

/// A training that ends with the test, however that ends.
struct Training(Option<Child>);

impl Training {
    fn send(&self, signal: &str) {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    fn is_running(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_none()
    }

    /// Its code and messages.
    fn end(mut self) -> (Option<i32>, String) {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a command that trains for a long time; returns after its first checkpoint.
fn start(sandbox: &Sandbox, command: &mut Command) -> Training {
    let child = Training(Some(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()));
    let begin = Instant::now();
    while !sandbox.path("x.training/resume").exists() {
        assert!(begin.elapsed() < Duration::from_secs(120), "no checkpoint");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

#[test]
fn signals_end_a_training_with_a_checkpoint() {
    for signal in ["INT", "TERM", "HUP"] {
        let sandbox = sandbox();
        let child = start(&sandbox, &mut sandbox.command(&format!("{TRAIN} --updates 100000")));
        child.send(signal);
        let (code, stderr) = child.end();
        assert_eq!(code, Some(130), "{signal}: {stderr}");
        let update = stderr.split("interrupted at update ").nth(1).unwrap().split(';').next().unwrap();
        let more = update.parse::<u32>().unwrap() + 1;
        let [text, _] = sandbox.succeed(&format!("{TRAIN} --updates {more} --resume --log-every 1"));
        assert!(text.starts_with(&format!("resumed at update {update}\n{more} ")), "{text}");
        assert!(sandbox.path("x.generator.safetensors").exists());
    }
}

#[test]
fn nohup_lets_a_training_go_on_after_its_terminal() {
    let sandbox = sandbox();
    let mut shell = Command::new("sh");
    let imagine = sandbox.command("").get_program().to_owned();
    shell.arg("-c").arg(format!("trap '' HUP; exec \"$0\" {TRAIN} --updates 100000")).arg(imagine);
    let mut child = start(&sandbox, shell.current_dir(sandbox.path("")));
    child.send("HUP");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(child.is_running(), "it ended");
    child.send("TERM");
    assert_eq!(child.end().0, Some(130));
}

#[test]
fn two_trainings_do_not_share_a_folder() {
    let sandbox = sandbox();
    let child = start(&sandbox, &mut sandbox.command(&format!("{TRAIN} --updates 100000")));
    for other in ["--updates 5", "--updates 5 --resume"] {
        let message = sandbox.fail(&format!("{TRAIN} {other}"));
        assert!(message.contains(&format!("x.training: process {} is training here", child.id())), "{message}");
    }
    child.send("KILL");
    assert_eq!(child.end().0, None);
    // The lock of a killed process is open.
    assert!(sandbox.fail(&format!("{TRAIN} --updates 5")).contains("holds a resume set"));
}
