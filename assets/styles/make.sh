#!/bin/sh
# Makes the styles of this folder again: make.sh FOLDER_OF_PAINTINGS [NAME...]. `imagine` must be on the path.
# sources.tsv has name, file, title, author, year, licence of the picture, and where it was taken from. A style holds blocks of the painting in
# another order, matched at their seams and compressed.
set -eu
cd "$(dirname "$0")"
paintings=$1
shift
tab=$(printf '\t')
while IFS="$tab" read -r name picture title author year license address; do
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    imagine train exemplar "$paintings/$picture" --no-tiles --out "$name.generator.safetensors" --preview "${PREVIEWS:-/tmp}/$name.png" \
        --store compressed --shuffle --bits "${BITS:-4.5}" --title "$title" --license CC0-1.0 --date 2026-11-30 \
        --data-name "$author, $title ($year)" --data-source "$address" --data-license "$license"
done < sources.tsv
