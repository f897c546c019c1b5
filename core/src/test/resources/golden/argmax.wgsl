// i64_argmax__3_k7__points64: points size=64
@group(0) @binding(0) var<storage, read> x0: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec2<u32>>;
fn bits_(x: u32) -> f32 {
  return bitcast<f32>(x);
}
fn nan_(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
fn max_(a: f32, b: f32) -> f32 {
  return select(select(max(a, b), b, nan_(b)), a, nan_(a));
}
fn i64_of_(x: i32, mask: u32) -> vec2<u32> {
  return vec2<u32>(bitcast<u32>(x), bitcast<u32>(x >> 31u) & mask);
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) wgs: vec3<u32>,
    @builtin(local_invocation_index) lid: u32) {
  let vgroup_0 = i32(wid.x + wid.y * wgs.x);
  if (vgroup_0 >= 1) { return; }
  let vlane_1 = i32(lid);
  var vs0_2: f32;
  var vs1_3: i32;
  let vpoint_4 = ((vgroup_0 * 64) + vlane_1);
  if ((vpoint_4 < 3)) {
    vs0_2 = bits_(4286578688u);
    let vx0_p0_5 = (vpoint_4 * 7);
    for (var vr_6 = 0; vr_6 < 7; vr_6 += 1) {
      let vx0_p1_7 = vx0_p0_5 + vr_6;
      vs0_2 = max_(vs0_2, x0[vx0_p1_7]);
    }
    vs1_3 = 2147483647;
    for (var vq_8 = 0; vq_8 < 7; vq_8 += 1) {
      let vx0_p2_9 = vx0_p0_5 + vq_8;
      vs1_3 = min(vs1_3, select(7, vq_8, (x0[vx0_p2_9] == vs0_2)));
    }
    let vy_p3_10 = vpoint_4;
    y[vy_p3_10] = i64_of_(max(min(vs1_3, 6), 0), 0xffffffffu);
  }
}
