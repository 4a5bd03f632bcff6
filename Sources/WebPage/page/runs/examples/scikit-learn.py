# pip install mlflow-skinny scikit-learn pandas
import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

mlflow.set_tracking_uri("http://localhost:7117")
x, y = load_iris(return_X_y=True)
with mlflow.start_run():
    for step, c in enumerate([0.1, 1.0, 10.0]):
        model = LogisticRegression(C=c, max_iter=1000).fit(x, y)
        mlflow.log_metric("acc", model.score(x, y), step=step)
    mlflow.log_param("C", c)
