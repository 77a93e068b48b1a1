// Tree reductions over a workgroup in a fixed order. Every invocation of the workgroup has to call these.
#define_import_path imagine::tree

var<workgroup> partial: array<f32, #{WORKGROUP}>;

fn tree_sum(value: f32, local: u32) -> f32 {
    partial[local] = value;
    for (var half = #{WORKGROUP} / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            partial[local] += partial[local + half];
        }
    }
    workgroupBarrier();
    let sum = partial[0];
    workgroupBarrier();
    return sum;
}

fn tree_max(value: f32, local: u32) -> f32 {
    partial[local] = value;
    for (var half = #{WORKGROUP} / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            partial[local] = max(partial[local], partial[local + half]);
        }
    }
    workgroupBarrier();
    let largest = partial[0];
    workgroupBarrier();
    return largest;
}
