//! Edits of pictures and materials, as generators: each function returns a graph with a fixed list of nodes, which every executor
//! runs without reading anything back.
