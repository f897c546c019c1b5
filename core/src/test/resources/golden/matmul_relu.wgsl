// f32_matmul_relu__33x40_k16__b32x32k16t4x4: product bm=32 bn=32 bk=16 tm=4 tn=4
@group(0) @binding(0) var<storage, read> x0: array<f32>;
@group(0) @binding(1) var<storage, read> x1: array<f32>;
@group(0) @binding(2) var<storage, read> x2: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
var<workgroup> shared0: array<vec4<f32>, 256>;
fn nan_(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
fn max_(a: f32, b: f32) -> f32 {
  return select(select(max(a, b), b, nan_(b)), a, nan_(a));
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
      vfour_2 = vec4<f32>(x0[vx0_p0_26], x0[vx0_p0_26 + 1], x0[vx0_p0_26 + 2], x0[vx0_p0_26 + 3]);
    }
    shared0[(vslot_23) >> 2u] = vfour_2;
    let vnumber_27 = ((vlane_1 + 64) % 4);
    let vrest_28 = ((vlane_1 + 64) / 4);
    let vslot_29 = ((vrest_28 * 16) + (vnumber_27 * 4));
    let vk_30 = (vstep_20 + (vnumber_27 * 4));
    let vplace_31 = (vrow_15 + vrest_28);
    vfour_3 = vec4<f32>(0.0);
    if ((vplace_31 < 33)) {
      let vx0_p1_32 = ((vplace_31 * 16) + vk_30);
      vfour_3 = vec4<f32>(x0[vx0_p1_32], x0[vx0_p1_32 + 1], x0[vx0_p1_32 + 2], x0[vx0_p1_32 + 3]);
    }
    shared0[(vslot_29) >> 2u] = vfour_3;
    let vnumber_33 = (vlane_1 % 8);
    let vrest_34 = (vlane_1 / 8);
    let vslot_35 = ((vrest_34 * 32) + (vnumber_33 * 4));
    let vk_36 = (vstep_20 + vrest_34);
    let vplace_37 = (vcolumn_14 + (vnumber_33 * 4));
    vfour_4 = vec4<f32>(0.0);
    if ((vplace_37 < 40)) {
      let vx1_p2_38 = ((vk_36 * 40) + vplace_37);
      vfour_4 = vec4<f32>(x1[vx1_p2_38], x1[vx1_p2_38 + 1], x1[vx1_p2_38 + 2], x1[vx1_p2_38 + 3]);
    }
    shared0[((vslot_35 + 512)) >> 2u] = vfour_4;
    let vnumber_39 = ((vlane_1 + 64) % 8);
    let vrest_40 = ((vlane_1 + 64) / 8);
    let vslot_41 = ((vrest_40 * 32) + (vnumber_39 * 4));
    let vk_42 = (vstep_20 + vrest_40);
    let vplace_43 = (vcolumn_14 + (vnumber_39 * 4));
    vfour_5 = vec4<f32>(0.0);
    if ((vplace_43 < 40)) {
      let vx1_p3_44 = ((vk_42 * 40) + vplace_43);
      vfour_5 = vec4<f32>(x1[vx1_p3_44], x1[vx1_p3_44 + 1], x1[vx1_p3_44 + 2], x1[vx1_p3_44 + 3]);
    }
    shared0[((vslot_41 + 512)) >> 2u] = vfour_5;
    workgroupBarrier();
    for (var vat_45 = 0; vat_45 < 16; vat_45 += 4) {
      let vx_46 = shared0[(((vfirst_18 * 16) + vat_45)) >> 2u];
      let vx_47 = shared0[((((vfirst_18 + 1) * 16) + vat_45)) >> 2u];
      let vx_48 = shared0[((((vfirst_18 + 2) * 16) + vat_45)) >> 2u];
      let vx_49 = shared0[((((vfirst_18 + 3) * 16) + vat_45)) >> 2u];
      let vy_50 = shared0[((((vat_45 * 32) + 512) + vfours_19)) >> 2u];
      vsum_6 = fma(vec4<f32>(vx_46.x), vy_50, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_47.x), vy_50, vsum_7);
      vsum_8 = fma(vec4<f32>(vx_48.x), vy_50, vsum_8);
      vsum_9 = fma(vec4<f32>(vx_49.x), vy_50, vsum_9);
      let vy_51 = shared0[((((vat_45 * 32) + 544) + vfours_19)) >> 2u];
      vsum_6 = fma(vec4<f32>(vx_46.y), vy_51, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_47.y), vy_51, vsum_7);
      vsum_8 = fma(vec4<f32>(vx_48.y), vy_51, vsum_8);
      vsum_9 = fma(vec4<f32>(vx_49.y), vy_51, vsum_9);
      let vy_52 = shared0[((((vat_45 * 32) + 576) + vfours_19)) >> 2u];
      vsum_6 = fma(vec4<f32>(vx_46.z), vy_52, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_47.z), vy_52, vsum_7);
      vsum_8 = fma(vec4<f32>(vx_48.z), vy_52, vsum_8);
      vsum_9 = fma(vec4<f32>(vx_49.z), vy_52, vsum_9);
      let vy_53 = shared0[((((vat_45 * 32) + 608) + vfours_19)) >> 2u];
      vsum_6 = fma(vec4<f32>(vx_46.w), vy_53, vsum_6);
      vsum_7 = fma(vec4<f32>(vx_47.w), vy_53, vsum_7);
      vsum_8 = fma(vec4<f32>(vx_48.w), vy_53, vsum_8);
      vsum_9 = fma(vec4<f32>(vx_49.w), vy_53, vsum_9);
    }
    workgroupBarrier();
  }
  shared0[(((vfirst_18 * 32) + vfours_19)) >> 2u] = vsum_6;
  shared0[((((vfirst_18 + 1) * 32) + vfours_19)) >> 2u] = vsum_7;
  shared0[((((vfirst_18 + 2) * 32) + vfours_19)) >> 2u] = vsum_8;
  shared0[((((vfirst_18 + 3) * 32) + vfours_19)) >> 2u] = vsum_9;
  workgroupBarrier();
  for (var velement_54 = vlane_1; velement_54 < 1024; velement_54 += 64) {
    let vnumber_55 = (velement_54 % 32);
    let vrest_56 = (velement_54 / 32);
    let vy_57 = (vrow_15 + vrest_56);
    let vx_58 = (vcolumn_14 + vnumber_55);
    if (((vy_57 < 33) && (vx_58 < 40))) {
      let vsum_59 = shared0[(velement_54) >> 2u][(velement_54) & 3];
      let vx2_p4_60 = vx_58;
      let vy_p5_61 = ((vy_57 * 40) + vx_58);
      y[vy_p5_61] = max_((vsum_59 + x2[vx2_p4_60]), 0.0);
    }
  }
}
