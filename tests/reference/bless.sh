#!/bin/sh
# Regenerates the files and numbers of the Python reference after a change to the format or to the operators' examples.
set -e
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
run() {
    name=$1
    shift
    python3 read_generator.py "$name.generator.safetensors" "$@" >"$name.json"
}
python3 write_generator.py automaton.generator.safetensors inputs.generator.safetensors
run inputs --size 3x4 --batch 2 --seed 99 --origin=5,-6 --no-wrap
run automaton --size 7x5 --seed 42 --steps 6 --origin=-3,2
UPDATE_EXPECT=1 ${CARGO:-cargo} test -q -p imagine_graph --test it reference_files::
run automaton_f16 --size 7x5 --seed 42 --steps 6 --origin=-3,2
run automaton_u8 --size 7x5 --seed 42 --steps 6 --origin=-3,2
run operators --size 6x5 --seed 7
