"""The logic of Fitting Room: data, photos, training, answers. It knows nothing of pages and never imports Streamlit."""
