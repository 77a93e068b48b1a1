//! Figures of materials made here: real crops are near, shuffled and empty ones are not.

use burn::backend::Flex;
use imagine_graph::Card;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::material::data::tests::synthetic_set;
use crate::material::format::MaterialNetworks;

const SIDE: usize = 48;
const OPTIONS: MaterialEvaluationOptions = MaterialEvaluationOptions { crop: SIDE, copies: 48 };

#[test]
fn crops_from_elsewhere_are_nearer_than_shuffled_ones_and_keep_their_kind() {
    let set = synthetic_set();
    // A generator that copies training crops and fills missing maps.
    let copies = |kind: usize, seed| {
        let mut crop = set.crops(Part::Trained, kind, 1, SIDE, &mut StdRng::seed_from_u64(seed));
        for (plane, present) in crop.values.chunks_exact_mut(SIDE * SIDE).zip(&crop.present) {
            plane.iter_mut().for_each(|value| *value += 0.5 * (1.0 - present));
        }
        Ok(crop.values)
    };
    let found = ComparisonSamples::new(&set, &OPTIONS, copies).unwrap().figures(&set, SIDE, 0);
    assert_eq!((found.crops, found.kinds.len()), (3 * EACH, 3));
    assert!(found.frechet.floor < found.frechet.shuffled, "{:?}", found.frechet);
    assert!(found.frechet.generated < found.frechet.shuffled, "{:?}", found.frechet);
    assert!(found.accuracy > 0.9 && found.agreement > 0.9, "{} {}", found.accuracy, found.agreement);
    assert!(found.copies.iter().all(|test| test.samples == 48 && test.median_ratio < 0.95), "{:?}", found.copies);
    let empty = |_, _| Ok(vec![0.0; CHANNELS * SIDE * SIDE]);
    let empty = ComparisonSamples::new(&set, &OPTIONS, empty).unwrap().figures(&set, SIDE, 0);
    assert!(empty.frechet.generated > 2.0 * empty.frechet.floor, "{:?}", empty.frechet);
    assert!(empty.agreement < 0.5 && empty.vendi.generated < 0.5 * empty.vendi.floor, "{:?}", empty.vendi);
}

#[test]
fn autocorrelation_distinguishes_shuffled_stripes_from_whole_ones() {
    let stripes =
        |period: usize| (0..CHANNELS * SIDE * SIDE).map(move |at| (at / SIDE % SIDE / (period / 2) % 2) as f32);
    let whole = MaterialBatch {
        values: stripes(24).collect(),
        present: vec![1.0; CHANNELS],
        kinds: vec![0],
        exemplars: vec![Some(0)],
        scales: vec![1.0],
        corners: vec![[0.0; 2]],
        side: SIDE,
    };
    let shuffled = shuffled_patches(&whole, &mut StdRng::seed_from_u64(1));
    let bank = MaterialBank::new(1);
    let far = |values: &[f32]| bank.features(values, SIDE).values[2 * CHANNELS..][..24].to_vec();
    let change = far(&whole.values).iter().zip(far(&shuffled)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(change > 0.15, "{change}");
    assert!(far(&vec![0.5; CHANNELS * SIDE * SIDE]).iter().all(|value| value.abs() < 1e-3));
    assert!(bank.features(&vec![0.5; CHANNELS * 16 * 16], 16).values.iter().all(|value| value.is_finite()));
}

#[test]
fn shuffling_keeps_every_texel_and_moves_patches() {
    let set = synthetic_set();
    let mut rng = StdRng::seed_from_u64(3);
    let batch = set.crops(Part::Trained, 0, 2, 64, &mut rng);
    let shuffled = shuffled_patches(&batch, &mut rng);
    assert_ne!(shuffled, batch.values);
    for (a, b) in shuffled.chunks_exact(64 * 64).zip(batch.values.chunks_exact(64 * 64)) {
        let [mut a, mut b] = [a.to_vec(), b.to_vec()];
        a.sort_by(f32::total_cmp);
        b.sort_by(f32::total_cmp);
        assert_eq!(a, b);
    }
}

#[test]
fn a_shipped_generator_is_evaluated() {
    let set = synthetic_set();
    let networks = MaterialNetworks {
        kinds: set.kinds.clone(),
        exemplars: set.exemplars(),
        width: 4,
        critic_width: 4,
        ..MaterialNetworks::default()
    };
    let mut rng = StdRng::seed_from_u64(0);
    let trained = networks.generator(&mut rng);
    let generator = networks.shipped(&trained, Card::default(), &mut rng).validate().unwrap();
    let found = evaluate::<Flex>(&generator, &set, &OPTIONS, &Default::default()).unwrap();
    assert!(found.frechet.generated > found.frechet.floor);
    assert!(found.seam.generated.columns < 1.2 && found.seam.generated.rows < 1.2, "{:?}", found.seam);
    assert!(found.copies.iter().all(|test| test.median_ratio > 1.0), "{:?}", found.copies);
    assert!(serde_json::to_string(&found).unwrap().contains("\"kind\":\"rows\""));
}

#[test]
fn crops_that_do_not_fit_are_refused() {
    let set = synthetic_set();
    let networks =
        MaterialNetworks { kinds: set.kinds.clone(), exemplars: set.exemplars(), ..MaterialNetworks::default() };
    let mut rng = StdRng::seed_from_u64(0);
    let trained = networks.generator(&mut rng);
    let generator = networks.shipped(&trained, Card::default(), &mut rng).validate().unwrap();
    for crop in [0, 40, 1024] {
        let options = MaterialEvaluationOptions { crop, ..OPTIONS };
        let error = evaluate::<Flex>(&generator, &set, &options, &Default::default()).unwrap_err();
        assert!(error.to_string().starts_with("option crop: "), "{error}");
    }
}
