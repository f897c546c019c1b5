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
  var vpart_3: f32;
  vpart_2 = bits_(4286578688u);
  let vx0_p0_4 = (vgroup_0 * 100);
  for (var vat_5 = vlane_1; vat_5 < 100; vat_5 += 32) {
    let vx0_p1_6 = vx0_p0_4 + vat_5;
    vpart_2 = max_(vpart_2, x0[vx0_p1_6]);
  }
  shared0[vlane_1] = vpart_2;
  workgroupBarrier();
  if ((vlane_1 < 16)) {
    shared0[vlane_1] = max_(shared0[vlane_1], shared0[vlane_1 + 16]);
  }
  workgroupBarrier();
  if ((vlane_1 < 8)) {
    shared0[vlane_1] = max_(shared0[vlane_1], shared0[vlane_1 + 8]);
  }
  workgroupBarrier();
  if ((vlane_1 < 4)) {
    shared0[vlane_1] = max_(shared0[vlane_1], shared0[vlane_1 + 4]);
  }
  workgroupBarrier();
  if ((vlane_1 < 2)) {
    shared0[vlane_1] = max_(shared0[vlane_1], shared0[vlane_1 + 2]);
  }
  workgroupBarrier();
  if ((vlane_1 < 1)) {
    shared0[vlane_1] = max_(shared0[vlane_1], shared0[vlane_1 + 1]);
  }
  workgroupBarrier();
  let vtotal_7 = shared0[0];
  vpart_3 = 0.0;
  for (var vat_8 = vlane_1; vat_8 < 100; vat_8 += 32) {
    let vx0_p2_9 = vx0_p0_4 + vat_8;
    vpart_3 = (vpart_3 + exp((x0[vx0_p2_9] - vtotal_7)));
  }
  shared1[vlane_1] = vpart_3;
  workgroupBarrier();
  if ((vlane_1 < 16)) {
    shared1[vlane_1] = (shared1[vlane_1] + shared1[vlane_1 + 16]);
  }
  workgroupBarrier();
  if ((vlane_1 < 8)) {
    shared1[vlane_1] = (shared1[vlane_1] + shared1[vlane_1 + 8]);
  }
  workgroupBarrier();
  if ((vlane_1 < 4)) {
    shared1[vlane_1] = (shared1[vlane_1] + shared1[vlane_1 + 4]);
  }
  workgroupBarrier();
  if ((vlane_1 < 2)) {
    shared1[vlane_1] = (shared1[vlane_1] + shared1[vlane_1 + 2]);
  }
  workgroupBarrier();
  if ((vlane_1 < 1)) {
    shared1[vlane_1] = (shared1[vlane_1] + shared1[vlane_1 + 1]);
  }
  workgroupBarrier();
  let vtotal_10 = shared1[0];
  let vv_11 = (1.0f / vtotal_10);
  let vy_p4_12 = (vgroup_0 * 100);
  for (var vpoint_13 = vlane_1; vpoint_13 < 100; vpoint_13 += 32) {
    let vx0_p3_14 = vx0_p0_4 + vpoint_13;
    let vy_p5_15 = vy_p4_12 + vpoint_13;
    y[vy_p5_15] = (exp((x0[vx0_p3_14] - vtotal_7)) * vv_11);
  }
}
