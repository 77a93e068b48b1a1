#!/bin/sh
# Makes the materials of this folder again: make.sh FOLDER_OF_SETS [NAME...]. `imagine` must be on the path.
# sources.tsv has name, folder of the set, title, width in metres (judged from the size of bricks and the like), an attribute named by hand
# or -, source, address, and bits a texel (sets of 512 texels a side get 4).
set -eu
cd "$(dirname "$0")"
sets=$1
shift
tab=$(printf '\t')
while IFS="$tab" read -r name set title metres attribute data address bits; do
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    named=; [ "$attribute" = - ] || named="--attribute $attribute"
    # Without quotes: an option and its value, or nothing.
    imagine train exemplar "$sets/$set" --out "$name.generator.safetensors" --preview "${PREVIEWS:-/tmp}/$name.png" \
        --store compressed --bits "$bits" --title "$title" --metres "$metres" $named --license CC0-1.0 --date "${DATE:-$(date +%F)}" \
        --normal gl --data-name "$data" --data-source "$address" --data-license CC0-1.0
done < sources.tsv
