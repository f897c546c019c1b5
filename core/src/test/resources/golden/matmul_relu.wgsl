// f32_matmul_relu__33x40_k16__b32x32k16t4x4: product bm=32 bn=32 bk=16 tm=4 tn=4
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
  var vfour_4: vec4<f32>;
  var vfour_5: vec4<f32>;
  var vsum_6: vec4<f32>;
  var vsum_7: vec4<f32>;
  var vsum_8: vec4<f32>;
  var vsum_9: vec4<f32>;
  let vcolumn_10 = (vgroup_0 % 2);
  let vrest_11 = (vgroup_0 / 2);
  let vrow_12 = (vrest_11 % 2);
  let vrest_13 = (vrest_11 / 2);
  let vcolumn_14 = (vcolumn_10 * 32);
  let vrow_15 = (vrow_12 * 32);
  let vacross_16 = (vlane_1 % 8);
  let vrest_17 = (vlane_1 / 8);
  let vfirst_18 = (vrest_17 * 4);
  let vfours_19 = (vacross_16 * 4);
  vsum_6 = vec4<f32>(0.0);
  vsum_7 = vec4<f32>(0.0);
  vsum_8 = vec4<f32>(0.0);
  vsum_9 = vec4<f32>(0.0);
  for (var vstep_20 = 0; vstep_20 < 16; vstep_20 += 16) {
    let vnumber_21 = (vlane_1 % 4);
    let vrest_22 = (vlane_1 / 4);
    let vslot_23 = ((vrest_22 * 16) + (vnumber_21 * 4));
    let vk_24 = (vstep_20 + (vnumber_21 * 4));
    let vplace_25 = (vrow_15 + vrest_22);
    vfour_2 = vec4<f32>(0.0);
    if ((vplace_25 < 33)) {
      let vx0_p0_26 = ((vplace_25 * 16) + vk_24);
      let vx_27 = x0[(vx0_p0_26) >> 2u];
      vfour_2 = vx_27;
    }
    shared0[(vslot_23) >> 2u] = vfour_2;
    let vnumber_28 = ((vlane_1 + 64) % 4);
    let vrest_29 = ((vlane_1 + 64) / 4);
    let vslot_30 = ((vrest_29 * 16) + (vnumber_28 * 4));
    let vk_31 = (vstep_20 + (vnumber_28 * 4));
    let vplace_32 = (vrow_15 + vrest_29);
    vfour_3 = vec4<f32>(0.0);
    if ((vplace_32 < 33)) {
      let vx0_p1_33 = ((vplace_32 * 16) + vk_31);
      let vx_34 = x0[(vx0_p1_33) >> 2u];
      vfour_3 = vx_34;
    }
    shared0[(vslot_30) >> 2u] = vfour_3;
    let vnumber_35 = (vlane_1 % 8);
    let vrest_36 = (vlane_1 / 8);
    let vslot_37 = ((vrest_36 * 32) + (vnumber_35 * 4));
    let vk_38 = (vstep_20 + vrest_36);
    let vplace_39 = (vcolumn_14 + (vnumber_35 * 4));
    vfour_4 = vec4<f32>(0.0);
    if ((vplace_39 < 40)) {
      let vx1_p2_40 = ((vk_38 * 40) + vplace_39);
      let vx_41 = x1[(vx1_p2_40) >> 2u];
      vfour_4 = vx_41;
    }
    shared0[((vslot_37 + 512)) >> 2u] = vfour_4;
    let vnumber_42 = ((vlane_1 + 64) % 8);
    let vrest_43 = ((vlane_1 + 64) / 8);
    let vslot_44 = ((vrest_43 * 32) + (vnumber_42 * 4));
    let vk_45 = (vstep_20 + vrest_43);
    let vplace_46 = (vcolumn_14 + (vnumber_42 * 4));
    vfour_5 = vec4<f32>(0.0);
    if ((vplace_46 < 40)) {
      let vx1_p3_47 = ((vk_45 * 40) + vplace_46);
      let vx_48 = x1[(vx1_p3_47) >> 2u];
      vfour_5 = vx_48;
    }
    shared0[((vslot_44 + 512)) >> 2u] = vfour_5;
    workgroupBarrier();
    for (var vat_49 = 0; vat_49 < 16; vat_49 += 4) {
      let vx_50 = shared0[(((vfirst_18 * 16) + vat_49)) >> 2u];
      let vx_51 = shared0[((((vfirst_18 + 1) * 16) + vat_49)) >> 2u];
      let vx_52 = shared0[((((vfirst_18 + 2) * 16) + vat_49)) >> 2u];
      let vx_53 = shared0[((((vfirst_18 + 3) * 16) + vat_49)) >> 2u];
      let vy_54 = shared0[((((vat_49 * 32) + 512) + vfours_19)) >> 2u];
      vsum_6 = fma(vec4<f32>(vx_50.x), vy_54, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_51.x), vy_54, vsum_7);
      vsum_8 = fma(vec4<f32>(vx_52.x), vy_54, vsum_8);
      vsum_9 = fma(vec4<f32>(vx_53.x), vy_54, vsum_9);
      let vy_55 = shared0[((((vat_49 * 32) + 544) + vfours_19)) >> 2u];
      vsum_6 = fma(vec4<f32>(vx_50.y), vy_55, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_51.y), vy_55, vsum_7);
      vsum_8 = fma(vec4<f32>(vx_52.y), vy_55, vsum_8);
      vsum_9 = fma(vec4<f32>(vx_53.y), vy_55, vsum_9);
      let vy_56 = shared0[((((vat_49 * 32) + 576) + vfours_19)) >> 2u];
      vsum_6 = fma(vec4<f32>(vx_50.z), vy_56, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_51.z), vy_56, vsum_7);
      vsum_8 = fma(vec4<f32>(vx_52.z), vy_56, vsum_8);
      vsum_9 = fma(vec4<f32>(vx_53.z), vy_56, vsum_9);
      let vy_57 = shared0[((((vat_49 * 32) + 608) + vfours_19)) >> 2u];
      vsum_6 = fma(vec4<f32>(vx_50.w), vy_57, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_51.w), vy_57, vsum_7);
      vsum_8 = fma(vec4<f32>(vx_52.w), vy_57, vsum_8);
      vsum_9 = fma(vec4<f32>(vx_53.w), vy_57, vsum_9);
    }
    workgroupBarrier();
  }
  shared0[(((vfirst_18 * 32) + vfours_19)) >> 2u] = vsum_6;
  shared0[((((vfirst_18 + 1) * 32) + vfours_19)) >> 2u] = vsum_7;
  shared0[((((vfirst_18 + 2) * 32) + vfours_19)) >> 2u] = vsum_8;
  shared0[((((vfirst_18 + 3) * 32) + vfours_19)) >> 2u] = vsum_9;
  workgroupBarrier();
  for (var vfour_58 = vlane_1; vfour_58 < 256; vfour_58 += 64) {
    let vnumber_59 = (vfour_58 % 8);
    let vrest_60 = (vfour_58 / 8);
    let vy_61 = (vrow_15 + vrest_60);
    let vx_62 = (vcolumn_14 + (vnumber_59 * 4));
    if (((vy_61 < 33) && (vx_62 < 40))) {
      let vsum_63 = shared0[((vfour_58 * 4)) >> 2u];
      let vx2_p4_64 = vx_62;
      let vx_65 = x2[(vx2_p4_64) >> 2u];
      let vy_p5_66 = ((vy_61 * 40) + vx_62);
      y[(vy_p5_66) >> 2u] = max4_((vsum_63 + vx_65), vec4<f32>(0.0));
    }
  }
}
