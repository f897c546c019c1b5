// f32_softmax__3x100_k100__rows32: rows size=32
@group(0) @binding(0) var<storage, read> x0: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
var<workgroup> shared0: array<f32, 32>;
var<workgroup> shared1: array<f32, 32>;
fn bits_(x: u32) -> f32 {
  return bitcast<f32>(x);
}
fn nan_(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
fn max_(a: f32, b: f32) -> f32 {
  return select(select(max(a, b), b, nan_(b)), a, nan_(a));
}
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) wgs: vec3<u32>,
    @builtin(local_invocation_index) lid: u32) {
  let vgroup_0 = i32(wid.x + wid.y * wgs.x);
  if (vgroup_0 >= 3) { return; }
  let vlane_1 = i32(lid);
  var vpart_2: f32;
  var vtotal_3: f32;
  var vpart_4: f32;
  var vtotal_5: f32;
  vpart_2 = bits_(4286578688u);
  let vx0_p0_6 = (vgroup_0 * 100);
  for (var vat_7 = vlane_1; vat_7 < 100; vat_7 += 32) {
    let vx0_p1_8 = vx0_p0_6 + vat_7;
    vpart_2 = max_(vpart_2, x0[vx0_p1_8]);
  }
  shared0[vlane_1] = vpart_2;
  workgroupBarrier();
  vtotal_3 = shared0[0];
  for (var vpart_9 = 1; vpart_9 < 32; vpart_9 += 1) {
    vtotal_3 = max_(vtotal_3, shared0[0 + vpart_9]);
  }
  vpart_4 = 0.0;
  for (var vat_10 = vlane_1; vat_10 < 100; vat_10 += 32) {
    let vx0_p2_11 = vx0_p0_6 + vat_10;
    vpart_4 = (vpart_4 + exp((x0[vx0_p2_11] - vtotal_3)));
  }
  shared1[vlane_1] = vpart_4;
  workgroupBarrier();
  vtotal_5 = shared1[0];
  for (var vpart_12 = 1; vpart_12 < 32; vpart_12 += 1) {
    vtotal_5 = (vtotal_5 + shared1[0 + vpart_12]);
  }
  let vv_13 = (1.0f / vtotal_5);
  let vy_p4_14 = (vgroup_0 * 100);
  for (var vpoint_15 = vlane_1; vpoint_15 < 100; vpoint_15 += 32) {
    let vx0_p3_16 = vx0_p0_6 + vpoint_15;
    let vy_p5_17 = vy_p4_14 + vpoint_15;
    y[vy_p5_17] = (exp((x0[vx0_p3_16] - vtotal_3)) * vv_13);
  }
}
