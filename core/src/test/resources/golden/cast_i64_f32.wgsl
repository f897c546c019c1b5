// f32_cast__9__points64: points size=64
@group(0) @binding(0) var<storage, read> x0: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
fn u64_to_f32_(a: vec2<u32>) -> f32 {
  return f32(a.y) * 4294967296.0 + f32(a.x);
}
fn i64_sub_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}
fn i64_neg_(a: vec2<u32>) -> vec2<u32> {
  return i64_sub_(vec2<u32>(0u, 0u), a);
}
fn i64_to_f32_(a: vec2<u32>) -> f32 {
  if ((a.y >> 31u) == 0u) { return u64_to_f32_(a); }
  return -u64_to_f32_(i64_neg_(a));
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) wgs: vec3<u32>,
    @builtin(local_invocation_index) lid: u32) {
  let vgroup_0 = i32(wid.x + wid.y * wgs.x);
  if (vgroup_0 >= 1) { return; }
  let vlane_1 = i32(lid);
  let vpoint_2 = ((vgroup_0 * 64) + vlane_1);
  if ((vpoint_2 < 9)) {
    let vx0_p0_3 = vpoint_2;
    let vy_p1_4 = vpoint_2;
    y[vy_p1_4] = i64_to_f32_(x0[vx0_p0_3]);
  }
}
