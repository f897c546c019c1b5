// f32_where__2x6__points64: points size=64
@group(0) @binding(0) var<storage, read> x0: array<f32>;
@group(0) @binding(1) var<storage, read> x1: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) wgs: vec3<u32>,
    @builtin(local_invocation_index) lid: u32) {
  let vgroup_0 = i32(wid.x + wid.y * wgs.x);
  if (vgroup_0 >= 1) { return; }
  let vlane_1 = i32(lid);
  let vpoint_2 = ((vgroup_0 * 64) + vlane_1);
  if ((vpoint_2 < 12)) {
    let vx0_p0_3 = vpoint_2;
    let vx1_p1_4 = vpoint_2;
    let vy_p2_5 = vpoint_2;
    y[vy_p2_5] = select(x1[vx1_p1_4], x0[vx0_p0_3], (x0[vx0_p0_3] < x1[vx1_p1_4]));
  }
}
