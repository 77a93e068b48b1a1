//! Plots of a report, as SVG.

use std::ops::Range;
use std::path::Path;

use anyhow::anyhow;
use imagine_graph::file::replace;
use imagine_train::metric::CopyTest;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::history::Curve;

/// Width and height of a plot in pixels.
const SIZE: (u32, u32) = (640, 360);
/// Colours of curves and bars.
const COLORS: [RGBColor; 4] =
    [RGBColor(217, 95, 2), RGBColor(27, 120, 160), RGBColor(117, 112, 179), RGBColor(90, 90, 90)];

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A figure in the course of trainings, one curve for each. `names` are those of the axes.
pub fn curves(path: &Path, names: [&str; 2], curves: &[Curve]) -> anyhow::Result<()> {
    draw(path, |area| {
        let values = || curves.iter().flat_map(|(_, points)| points.iter().map(|(_, y)| *y));
        let right = curves.iter().flat_map(|(_, points)| points).map(|(x, _)| *x).fold(1.0, f64::max);
        let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        // Decibels are far from 0, and differ little.
        let range = if least > 0.5 * most {
            least - 0.05 * (most - least)..most + 0.05 * (most - least)
        } else {
            0.0..1.05 * most
        };
        let mut chart = chart(area, names[0], names[1], right, range)?;
        for ((name, points), color) in curves.iter().zip(COLORS.iter().cycle()) {
            line(&mut chart, name, points.clone(), *color)?;
        }
        legend(&mut chart)
    })
}

/// Share of generated and of held-back pictures that are nearer to a training picture than a distance.
pub fn copies(path: &Path, test: &CopyTest) -> anyhow::Result<()> {
    let share = |sorted: &[f32]| -> Vec<(f64, f64)> {
        let count = sorted.len().max(1) as f64;
        sorted.iter().enumerate().map(|(index, distance)| (f64::from(*distance), (index + 1) as f64 / count)).collect()
    };
    draw(path, |area| {
        let right = test.generated.iter().chain(&test.held_back).fold(1e-6f32, |most, value| most.max(*value));
        let title = format!("distance to the nearest one trained on ({})", test.space);
        let mut chart = chart(area, &title, "share", right.into(), 0.0..1.0)?;
        line(&mut chart, "generated", share(&test.generated), COLORS[0])?;
        line(&mut chart, "held back", share(&test.held_back), COLORS[1])?;
        line(&mut chart, "nearest 1 % of held back", vec![(test.limit, 0.0), (test.limit, 1.0)], COLORS[3])?;
        legend(&mut chart)
    })
}

/// Share of pictures that a classifier assigns to their class: name, share of generated, share of held-back pictures.
pub fn classes(path: &Path, classes: &[(&str, f64, f64)]) -> anyhow::Result<()> {
    draw(path, |area| {
        let name = |at: &f64| classes.get(at.floor() as usize).map_or(String::new(), |class| class.0.into());
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(48)
            .build_cartesian_2d(0.0..classes.len() as f64, 0.0..1.0)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .x_labels(classes.len() + 1)
            .x_label_style(("sans-serif", 9))
            .x_label_formatter(&name)
            .x_label_offset(SIZE.0 as i32 / (2 * classes.len().max(1) as i32) - 12)
            .y_desc("share put into the right class")
            .draw()
            .map_err(failed)?;
        for (side, label, color) in [(0, "generated", COLORS[0]), (1, "held back", COLORS[1])] {
            let bar = |(index, (_, generated, held_back)): (usize, &(&str, f64, f64))| {
                let left = index as f64 + 0.12 + 0.38 * f64::from(side);
                let height = if side == 0 { *generated } else { *held_back };
                Rectangle::new([(left, 0.0), (left + 0.36, height)], color.filled())
            };
            chart
                .draw_series(classes.iter().enumerate().map(bar))
                .map_err(failed)?
                .label(label)
                .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 12, y + 4)], color.filled()));
        }
        legend(&mut chart)
    })
}

fn draw(path: &Path, content: impl FnOnce(&Area) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        content(&area)?;
        area.present().map_err(failed)?;
    }
    Ok(replace(path, svg.as_bytes())?)
}

fn chart<'a, 'b>(area: &'a Area<'b>, x: &str, y: &str, right: f64, range: Range<f64>) -> anyhow::Result<Chart<'a, 'b>> {
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..right, range)
        .map_err(failed)?;
    chart.configure_mesh().light_line_style(WHITE).x_desc(x).y_desc(y).draw().map_err(failed)?;
    Ok(chart)
}

fn line(chart: &mut Chart, name: &str, points: Vec<(f64, f64)>, color: RGBColor) -> anyhow::Result<()> {
    chart
        .draw_series(LineSeries::new(points, color.stroke_width(2)))
        .map_err(failed)?
        .label(name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    Ok(())
}

fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>) -> anyhow::Result<()> {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.2))
        .draw()
        .map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("a plot cannot be drawn: {error}")
}
