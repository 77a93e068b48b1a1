//! Times how an ONNX file becomes the bytes of a generator file: `cargo run --release -p imagine_onnx --example import -- X.onnx`.

use std::path::PathBuf;
use std::time::Instant;

use imagine_graph::file::{self, WeightFormat};
use imagine_onnx::{Roles, generator_from_file};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("an ONNX file is needed")?.into();
    for _ in 0..5 {
        let start = Instant::now();
        let (generator, _) = generator_from_file(&path, &Roles::beside(&path)?)?;
        let imported = start.elapsed();
        let bytes = file::write(&generator.generator, WeightFormat::F32)?;
        println!("imported in {imported:.2?}, a generator file of {} bytes in {:.2?}", bytes.len(), start.elapsed());
    }
    Ok(())
}
