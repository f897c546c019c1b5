// f32_matmul_relu__33x40_k16__b32x32k16t4x4: product bm=32 bn=32 bk=16 tm=4 tn=4 u=4
@group(0) @binding(0) var<storage, read> x0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> x2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
var<workgroup> shared0: array<vec4<f32>, 256>;
fn nan4_(x: vec4<f32>) -> vec4<bool> {
  return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}
fn max4_(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(select(max(a, b), b, nan4_(b)), a, nan4_(a));
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) wgs: vec3<u32>,
    @builtin(local_invocation_index) lid: u32) {
  let vgroup_0 = i32(wid.x + wid.y * wgs.x);
  if (vgroup_0 >= 4) { return; }
  let vlane_1 = i32(lid);
  var vfour_2: vec4<f32>;
  var vfour_3: vec4<f32>;
  var vsum_4: vec4<f32>;
  var vsum_5: vec4<f32>;
  var vsum_6: vec4<f32>;
  var vsum_7: vec4<f32>;
  let vcolumn_8 = (vgroup_0 % 2);
  let vrest_9 = (vgroup_0 / 2);
  let vrow_10 = (vrest_9 % 2);
  let vrest_11 = (vrest_9 / 2);
  let vcolumn_12 = (vcolumn_8 * 32);
  let vrow_13 = (vrow_10 * 32);
  let vacross_14 = (vlane_1 % 8);
  let vrest_15 = (vlane_1 / 8);
  let vfirst_16 = (vrest_15 * 4);
  let vfours_17 = (vacross_14 * 4);
  vsum_4 = vec4<f32>(0.0);
  vsum_5 = vec4<f32>(0.0);
  vsum_6 = vec4<f32>(0.0);
  vsum_7 = vec4<f32>(0.0);
  for (var vstep_18 = 0; vstep_18 < 16; vstep_18 += 16) {
    for (var vnumber_19 = vlane_1; vnumber_19 < 128; vnumber_19 += 64) {
      let vnumber_20 = (vnumber_19 % 4);
      let vrest_21 = (vnumber_19 / 4);
      let vslot_22 = ((vrest_21 * 16) + (vnumber_20 * 4));
      let vk_23 = (vstep_18 + (vnumber_20 * 4));
      let vplace_24 = (vrow_13 + vrest_21);
      vfour_2 = vec4<f32>(0.0);
      if ((vplace_24 < 33)) {
        let vx0_p0_25 = ((vplace_24 * 16) + vk_23);
        let vx_26 = x0[(vx0_p0_25) >> 2u];
        vfour_2 = vx_26;
      }
      shared0[(vslot_22) >> 2u] = vfour_2;
    }
    for (var vnumber_27 = vlane_1; vnumber_27 < 128; vnumber_27 += 64) {
      let vnumber_28 = (vnumber_27 % 8);
      let vrest_29 = (vnumber_27 / 8);
      let vslot_30 = ((vrest_29 * 32) + (vnumber_28 * 4));
      let vk_31 = (vstep_18 + vrest_29);
      let vplace_32 = (vcolumn_12 + (vnumber_28 * 4));
      vfour_3 = vec4<f32>(0.0);
      if ((vplace_32 < 40)) {
        let vx1_p1_33 = ((vk_31 * 40) + vplace_32);
        let vx_34 = x1[(vx1_p1_33) >> 2u];
        vfour_3 = vx_34;
      }
      shared0[((vslot_30 + 512)) >> 2u] = vfour_3;
    }
    workgroupBarrier();
    for (var vat_35 = 0; vat_35 < 16; vat_35 += 4) {
      let vx_36 = shared0[(((vfirst_16 * 16) + vat_35)) >> 2u];
      let vx_37 = shared0[((((vfirst_16 + 1) * 16) + vat_35)) >> 2u];
      let vx_38 = shared0[((((vfirst_16 + 2) * 16) + vat_35)) >> 2u];
      let vx_39 = shared0[((((vfirst_16 + 3) * 16) + vat_35)) >> 2u];
      let vy_40 = shared0[((((vat_35 * 32) + 512) + vfours_17)) >> 2u];
      vsum_4 = fma(vec4<f32>(vx_36.x), vy_40, vsum_4);
      vsum_5 = fma(vec4<f32>(vx_37.x), vy_40, vsum_5);
      vsum_6 = fma(vec4<f32>(vx_38.x), vy_40, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_39.x), vy_40, vsum_7);
      let vy_41 = shared0[((((vat_35 * 32) + 544) + vfours_17)) >> 2u];
      vsum_4 = fma(vec4<f32>(vx_36.y), vy_41, vsum_4);
      vsum_5 = fma(vec4<f32>(vx_37.y), vy_41, vsum_5);
      vsum_6 = fma(vec4<f32>(vx_38.y), vy_41, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_39.y), vy_41, vsum_7);
      let vy_42 = shared0[((((vat_35 * 32) + 576) + vfours_17)) >> 2u];
      vsum_4 = fma(vec4<f32>(vx_36.z), vy_42, vsum_4);
      vsum_5 = fma(vec4<f32>(vx_37.z), vy_42, vsum_5);
      vsum_6 = fma(vec4<f32>(vx_38.z), vy_42, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_39.z), vy_42, vsum_7);
      let vy_43 = shared0[((((vat_35 * 32) + 608) + vfours_17)) >> 2u];
      vsum_4 = fma(vec4<f32>(vx_36.w), vy_43, vsum_4);
      vsum_5 = fma(vec4<f32>(vx_37.w), vy_43, vsum_5);
      vsum_6 = fma(vec4<f32>(vx_38.w), vy_43, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_39.w), vy_43, vsum_7);
    }
    workgroupBarrier();
  }
  shared0[(((vfirst_16 * 32) + vfours_17)) >> 2u] = vsum_4;
  shared0[((((vfirst_16 + 1) * 32) + vfours_17)) >> 2u] = vsum_5;
  shared0[((((vfirst_16 + 2) * 32) + vfours_17)) >> 2u] = vsum_6;
  shared0[((((vfirst_16 + 3) * 32) + vfours_17)) >> 2u] = vsum_7;
  workgroupBarrier();
  for (var vfour_44 = vlane_1; vfour_44 < 256; vfour_44 += 64) {
    let vnumber_45 = (vfour_44 % 8);
    let vrest_46 = (vfour_44 / 8);
    let vy_47 = (vrow_13 + vrest_46);
    let vx_48 = (vcolumn_12 + (vnumber_45 * 4));
    if (((vy_47 < 33) && (vx_48 < 40))) {
      let vsum_49 = shared0[((vfour_44 * 4)) >> 2u];
      let vx2_p2_50 = vx_48;
      let vx_51 = x2[(vx2_p2_50) >> 2u];
      let vy_p3_52 = ((vy_47 * 40) + vx_48);
      y[(vy_p3_52) >> 2u] = max4_((vsum_49 + vx_51), vec4<f32>(0.0));
    }
  }
}
