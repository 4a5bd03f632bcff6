# pip install keras jax; curl -O http://localhost:7117/clients/rundir.py; export RUNDIR_URL=http://localhost:7117
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy
import rundir

x = numpy.random.rand(512, 8)
y = x.sum(axis=1) > 4
model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
with rundir.run(flags={"units": 16}) as run:
    model.fit(x, y, epochs=3, validation_split=0.2, callbacks=[rundir.keras_callback()], verbose=0)
    run.evaluation(model.evaluate(x, y, return_dict=True, verbose=0))
