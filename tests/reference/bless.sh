#!/bin/sh
# Makes the files and numbers of the Python reference again, after a change to the format or to the operators' examples.
set -e
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
python3 write_generator.py automaton.generator.safetensors
UPDATE_EXPECT=1 ${CARGO:-cargo} test -q -p imagine_graph --test reference_files
for weights in "" _f16 _u8; do
    python3 read_generator.py "automaton$weights.generator.safetensors" --size 7x5 --seed 42 --steps 6 --origin=-3,2 \
        >"automaton$weights.json"
done
python3 read_generator.py operators.generator.safetensors --size 6x5 --seed 7 >operators.json
